"""Chain problems: every stated relation holds, and the splits share no problem."""

import itertools
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from l2s.benchmarks import BenchmarkParams, TrainingProblems, write_problems
from l2s.benchmarks.arithmetic import LARGEST, LEVELS, OPERATIONS, draw_chain, draw_set, split_of, training_chains
from l2s.core.errors import ConfigError
from l2s.records import Problems, read_rows

SETS = ("check", "validation", "test", "search")
RELATION = re.compile(r"(\w+) has (\d+) (more than|fewer than|times as many as) (\w+)\.")


def solved_from_text(text: str) -> int:
    """Read the problem as a person would, knowing nothing of how it was made."""
    first, count = re.match(r"(\w+) has (\d+) \w+\.", text).groups()
    values = {first: int(count)}
    for name, operand, relation, other in RELATION.findall(text):
        change = {"more than": values[other] + int(operand), "fewer than": values[other] - int(operand)}
        values[name] = change.get(relation, values[other] * int(operand))
    return values[re.search(r"How many \w+ does (\w+) have\?$", text).group(1)]


@pytest.mark.parametrize("level", LEVELS)
def test_the_answer_follows_from_the_text(level: int) -> None:
    rng = random.Random(level)
    for _ in range(200):
        chain = draw_chain(rng, level)
        assert solved_from_text(chain.text) == chain.answer
        assert OPERATIONS[level][0] <= len(chain.steps) <= OPERATIONS[level][1]
        assert all(1 <= step.after <= LARGEST for step in chain.steps)


def test_splits_are_disjoint_and_training_avoids_all_of_them() -> None:
    sets = {split: {chain.text for chain in draw_set(0, split, 60)} for split in SETS}
    assert all(len(texts) == 300 for texts in sets.values())
    assert all(not sets[one] & sets[other] for one, other in itertools.combinations(SETS, 2))
    stream = training_chains(0, "base-0", (1, 1, 1, 1, 1))
    drawn = [next(stream) for _ in range(3000)]
    assert {split_of(chain) for chain in drawn} == {"train"}
    assert not {chain.text for chain in drawn} & set.union(*sets.values())


def test_a_larger_test_set_starts_from_the_same_seed_and_another_seed_differs() -> None:
    assert draw_set(3, "test", 5) == draw_set(3, "test", 5)
    assert draw_set(3, "test", 5) != draw_set(4, "test", 5)


def test_problems_are_written_under_the_schema(tmp_path) -> None:
    out = tmp_path / "x.jsonl"
    params = BenchmarkParams(source="arithmetic", split="validation", per_level=4)
    assert write_problems("x", params, out) == 20
    rows = read_rows(out, Problems)
    assert [row["level"] for row in rows] == [level for level in LEVELS for _ in range(4)]
    assert all(solved_from_text(row["problem"]) == int(row["gold"]) for row in rows)


def test_a_file_source_without_a_path_is_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"benchmarks.mine: .*source file takes a path"):
        BenchmarkParams.parse({"source": "file"}, "params.yaml: benchmarks.mine")


def test_problems_to_learn_from_are_of_no_benchmark(tmp_path: Path) -> None:
    params = TrainingProblems.parse({"per_level": 30, "seed": 5}, "samples.a.problems")
    assert params.named == "arithmetic-train"
    write_problems(params.named, params, tmp_path / "train.jsonl")
    rows = read_rows(tmp_path / "train.jsonl")
    assert len(rows) == 150 and {row["benchmark"] for row in rows} == {"arithmetic-train"}
    weighted = params.model_copy(update={"level_weights": (0.0, 0.5, 1.0, 1.7, 2.0)})
    write_problems(params.named, weighted, tmp_path / "weighted.jsonl")
    counts = Counter(row["level"] for row in read_rows(tmp_path / "weighted.jsonl"))
    assert counts == {2: 15, 3: 30, 4: 51, 5: 60}
    for split in ("validation", "test"):
        benchmark = BenchmarkParams.parse({"source": "arithmetic", "split": split, "per_level": 60}, "b")
        write_problems("b", benchmark, tmp_path / "b.jsonl")
        assert not {row["problem"] for row in rows} & {row["problem"] for row in read_rows(tmp_path / "b.jsonl")}
    with pytest.raises(ConfigError, match=r"samples\.a\.problems: no problem has levels \[9\]"):
        write_problems("a", params.model_copy(update={"levels": [9]}), tmp_path / "b.jsonl", "samples.a.problems")
