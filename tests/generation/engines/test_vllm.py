"""The vLLM engine against the transformers engine, on the embedded family: same ids, same counts, same rows.

One engine is started for all tests of a process. Where vLLM's CPU build is not installed they are skipped.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numba
import pytest
import torch

from l2s.benchmarks.arithmetic import problem_rows
from l2s.core.errors import ConfigError, EngineError
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.generation.controls.control import Control
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.controls.union import parse_control
from l2s.generation.engines.engine import Engine, Generated
from l2s.generation.engines.load import load_engine
from l2s.generation.engines.vllm.copies import VllmCopies
from l2s.generation.engines.vllm.engine import VllmEngine
from l2s.generation.engines.vllm.environment import build
from l2s.generation.engines.vllm.support import takes
from l2s.generation.generate import Run, generate_responses
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams
from l2s.merging.run.in_memory import MemoryMerger
from l2s.records import Responses, read_rows, write_rows
from l2s.search.live.engine import LiveEngine
from tests.generation.engines.chimera import KeepsItsHead
from tests.search import models

pytestmark = [
    pytest.mark.skipif((build() or ("", ""))[1] != "cpu", reason="vLLM's CPU build is not installed"),
    pytest.mark.long,
    pytest.mark.xdist_group("vllm"),  # in one process: an engine takes half a minute to start
]
SLOW = Path(__file__).parents[3] / "data/models/slow"
MOST = 370
"""With the longest prompt less than twice 256: vLLM is started once."""
ANSWER = " The answer is \\boxed{"
CONTROLS = {
    "none": {"kind": "none"},
    "budget": {"kind": "budget", "max_think": 60, "max_answer": 16, "answer_prefix": ANSWER},
    "min_think": {"kind": "min_think", "min_think": 90},
    "ignores": {"kind": "min_think", "ignores": 2, "max_think": 150, "max_answer": 16, "answer_prefix": ANSWER},
    "gap": {"kind": "eot_temperature", "value": 0.5},
    "gap-0": {"kind": "eot_temperature", "value": 0, "min_think": 40},
    "bias": {"kind": "eot_temperature", "form": "bias", "value": 9.0, "max_think": 70, "answer_prefix": ANSWER},
    "divide": {"kind": "eot_temperature", "form": "divide", "value": 0.2, "top_k_gate": 5},
    "early_exit": {
        "kind": "early_exit", "transitions": ["Wait"], "probe": " The answer is \\boxed{", "threshold": 0.97,
    },
    "early_exit-min": {
        "kind": "early_exit", "transitions": ["Wait", "."], "probe": ANSWER, "mean": "min", "threshold": 0.99,
        "probe_tokens": 4, "max_probes": 3, "max_think": 80, "max_answer": 16,
    },
    "entropy_stop": {
        "kind": "entropy_stop", "separator": ".", "every": 12, "probe": "{closing} The answer is \\boxed{",
        "candidates": 4, "alpha": 0.05,
    },
    "entropy_stop-budget": {
        "kind": "entropy_stop", "separator": ".", "every": 20, "probe": "{closing}" + ANSWER, "alpha": 0.01,
        "max_think": 60, "max_answer": 16, "thinking_scope": "response",
    },
    "no_think": {"kind": "no_think", "prefill": "{opening} {closing}"},
    "concise": {"kind": "prompt", "style": "concise"},
    "token-budget": {"kind": "prompt", "style": "token-budget", "tokens": 40, "max_think": 50, "max_answer": 9},
}  # fmt: skip


@pytest.fixture(scope="module")
def ours() -> Engine:
    return load_engine(SLOW, DecodingParams(engine="transformers"))


@pytest.fixture(scope="module")
def theirs() -> Iterator[Engine]:
    engine = load_engine(SLOW, DecodingParams(engine="vllm"))
    yield engine
    engine.close()  # type: ignore[attr-defined]


def prompts_for(engine: Engine, per_level: int, control: Control, samples: int = 1) -> list[Prompt]:
    style = control.prompt(PromptParams())
    rows = problem_rows("b", 0, "test", per_level)
    return [
        Prompt("b", row["id"], sample, engine.words.prompt(row["problem"], style)[1])
        for row in rows
        for sample in range(samples)
    ]


def generated(engine: Engine, wanted: list[Prompt], control: Control, **sampling: float) -> dict[int, Generated]:
    found = engine.generate(wanted, SamplingParams(**{"max_tokens": MOST, **sampling}), control, PromptParams())
    return {done.index: done for done in found}


@cache
def expected(ours: Engine, name: str, per_level: int, most: int) -> dict[int, Generated]:
    control = parse_control(CONTROLS[name], name)
    return generated(ours, prompts_for(ours, per_level, control), control, max_tokens=most)


def compare(ours: Engine, theirs: Engine, name: str, per_level: int, most: int) -> None:
    control = parse_control(CONTROLS[name], name)
    wanted = prompts_for(theirs, per_level, control)
    assert wanted == prompts_for(ours, per_level, control)
    found = generated(theirs, wanted, control, max_tokens=most)
    assert sorted(found) == list(range(5 * per_level))
    assert found == expected(ours, name, per_level, most)


@pytest.mark.parametrize("name", CONTROLS)
def test_same_token_ids_counts_and_finish(ours: Engine, theirs: Engine, name: str) -> None:
    compare(ours, theirs, name, per_level=8, most=MOST)
    compare(ours, theirs, name, per_level=2, most=75)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROLS)
def test_same_token_ids_on_the_whole_test_set(ours: Engine, theirs: Engine, name: str) -> None:
    compare(ours, theirs, name, per_level=200, most=420)


def test_every_control_acts_in_this_comparison(ours: Engine) -> None:
    """``gap`` short of 0 changes no greedy choice; all others answer otherwise than no control."""
    free = [done.ids for _, done in sorted(expected(ours, "none", 8, MOST).items())]
    for name in CONTROLS:
        answers = [done.ids for _, done in sorted(expected(ours, name, 8, MOST).items())]
        assert (answers == free) == (name in ("none", "gap")), name
    finishes = {done.finish for done in expected(ours, "early_exit-min", 8, MOST).values()}
    assert "control" in finishes and len(finishes) > 1, "some trials end thinking and some do not"


@pytest.mark.parametrize("name", ["none", "budget", "gap", "early_exit"])
def test_sampling_repeats_in_any_batch_and_differs_between_seeds(theirs: Engine, name: str) -> None:
    control = parse_control(CONTROLS[name], name)
    wanted = prompts_for(theirs, 1, control, samples=3)
    draw = lambda seed, some: [  # noqa: E731
        done.ids for _, done in sorted(generated(theirs, some, control, temperature=1.5, seed=seed).items())
    ]
    first = draw(0, wanted)
    assert draw(0, wanted) == first
    assert draw(0, wanted[::-1])[::-1] == first and draw(0, wanted[4:7]) == first[4:7]
    assert draw(1, wanted) != first
    assert len({tuple(ids) for ids in first[:3]}) > 1, "samples of one problem differ"


def test_sampling_from_one_token_is_greedy(theirs: Engine) -> None:
    wanted = prompts_for(theirs, 2, NoControl())
    greedy = generated(theirs, wanted, NoControl())
    assert generated(theirs, wanted, NoControl(), temperature=1.0, top_k=1) == greedy
    assert generated(theirs, wanted, NoControl(), temperature=1.0, top_p=1e-6) == greedy


@pytest.mark.slow
def test_a_generator_that_is_dropped_leaves_the_engine_free(ours: Engine, theirs: Engine) -> None:
    wanted = prompts_for(theirs, 4, NoControl())
    running = theirs.generate(wanted, SamplingParams(max_tokens=MOST), NoControl(), PromptParams())
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert generated(theirs, wanted, NoControl()) == generated(ours, wanted, NoControl())


@pytest.mark.slow
def test_more_context_than_before_restarts_and_the_models_own_is_the_end(ours: Engine, theirs: Engine) -> None:
    wanted = prompts_for(theirs, 1, NoControl())
    longer = generated(theirs, wanted, NoControl(), max_tokens=900)
    assert longer == generated(theirs, wanted, NoControl(), max_tokens=MOST)
    assert generated(theirs, wanted, NoControl(), max_tokens=1024) == generated(
        ours, wanted, NoControl(), max_tokens=1024
    )


@pytest.mark.slow
def test_rows_differ_in_the_engine_alone(theirs: Engine, tmp_path: Path) -> None:
    theirs.close()  # type: ignore[attr-defined]  # a process has one at a time; the next test starts it again
    problems, rows = tmp_path / "p.jsonl", {}
    write_rows(problems, problem_rows("b", 0, "test", 2))
    for engine in ("transformers", "vllm"):
        decoding = DecodingParams(engine=engine, sampling=SamplingParams(max_tokens=200))
        for expected in ((0, 10), (10, 0)):
            counts = generate_responses(
                SLOW, "w", [problems], tmp_path / "out.jsonl",
                Run("slow", decoding, parse_control(CONTROLS["budget"], "budget")), tmp_path / "store.sqlite",
            )  # fmt: skip
            assert counts == expected, "an engine's responses are its own"
        rows[engine] = read_rows(tmp_path / "out.jsonl", Responses)
    for one, two in zip(rows["transformers"], rows["vllm"], strict=True):
        assert {**one, "engine": ""} == {**two, "engine": ""}
        assert one["engine"].startswith("transformers ") and two["engine"].startswith("vllm 0.")


def test_auto_takes_it_unless_the_model_or_the_user_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not takes(SLOW, "cpu"), "L2S_NO_VLLM is set in tests"
    monkeypatch.delenv("L2S_NO_VLLM")
    assert takes(SLOW, "cpu") and not takes(SLOW, "cuda")
    assert load_engine(SLOW, DecodingParams()).name.startswith("vllm ")
    narrow = tmp_path / "narrow"
    fresh_model(FamilySettings(hidden_size=64, layers=1, heads=4, key_value_heads=1)).save_pretrained(narrow)
    build_tokenizer().save_pretrained(narrow)
    assert load_engine(narrow, DecodingParams()).name.startswith("transformers ")
    with pytest.raises(EngineError, match=r"engine 'vllm': .*narrow: attention heads of size 16; vLLM on a CPU takes"):
        load_engine(narrow, DecodingParams(engine="vllm"))
    with pytest.raises(ConfigError, match=r"device: torch .* sees no cuda here; take cpu"):
        load_engine(SLOW, DecodingParams(engine="vllm", device="cuda"))
    config = json.loads((narrow / "config.json").read_text())
    (narrow / "config.json").write_text(
        json.dumps({**config, "head_dim": 32, "architectures": ["SomethingNewForCausalLM"]})
    )
    with pytest.raises(EngineError, match="vLLM does not know the architecture SomethingNewForCausalLM"):
        load_engine(narrow, DecodingParams(engine="vllm"))


def test_the_command_is_quiet_and_leaves_no_process(tmp_path: Path) -> None:
    write_rows(tmp_path / "p.jsonl", problem_rows("b", 0, "test", 1))
    code = "from l2s.app import main; main()"
    arguments = ["generate", str(SLOW), "p.jsonl", "out.jsonl", "--engine", "vllm", "--max-tokens", "60"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out, err) == (0, "out.jsonl: 5 responses generated, 0 from the store\n", "")
    end = time.monotonic() + 20
    while left := running_in(str(process.pid)):  # Python's own tracker of semaphores ends a moment later
        assert time.monotonic() < end, f"what it started has ended: {left}"
        time.sleep(0.1)


def running_in(session: str) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[3] == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def test_what_vllm_changes_stays_in_its_own_process(theirs: Engine) -> None:
    """Within a process its start fails where Numba is loaded, and torch.set_num_threads does nothing afterwards."""
    assert numba.__name__ in sys.modules
    theirs.close()  # type: ignore[attr-defined]
    variables, set_num_threads = dict(os.environ), torch.set_num_threads
    assert len(generated(theirs, prompts_for(theirs, 1, NoControl()), NoControl())) == 5
    assert torch.set_num_threads is set_num_threads and dict(os.environ) == variables


@pytest.mark.slow
def test_copies_share_out_the_problems_and_change_nothing(theirs: Engine) -> None:
    """Two processes, each with every second problem; here on the CPU, where only this test makes copies."""
    control = parse_control(CONTROLS["budget"], "budget")
    wanted = prompts_for(theirs, 2, control)
    alone = generated(theirs, wanted, control)
    theirs.close()  # type: ignore[attr-defined]
    copies = VllmCopies(partial(VllmEngine, SLOW), ["", ""], SLOW)
    assert generated(copies, wanted, control) == alone
    copies.close()
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_copy_that_dies_is_said_and_the_other_ends(theirs: Engine) -> None:
    wanted = prompts_for(theirs, 40, NoControl())
    theirs.close()  # type: ignore[attr-defined]
    running = VllmCopies(partial(VllmEngine, SLOW), ["", ""], SLOW).generate(
        wanted, SamplingParams(max_tokens=MOST), NoControl(), PromptParams()
    )
    next(running)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(EngineError, match="a copy of the model ended with code -9 before it was done"):
        list(running)
    assert not multiprocessing.active_children()


def test_weights_are_swapped_in_place_and_back(ours: Engine, theirs: Engine, tmp_path: Path) -> None:
    """Thirty of thirty with the prompts in the prefix cache; the reference is the other engine on the merged folder."""
    wanted = models.prompts(ours)
    slow = models.answers(theirs, wanted)
    assert models.alike(slow, models.answers(ours, wanted)) == 30
    with MemoryMerger(models.family(tmp_path, True)) as merger:
        merged = merger.merge(models.recipe(0.5, 0.45))
        fresh = load_engine(merged.folder(tmp_path / "merged"), DecodingParams(engine="transformers"))
    name = theirs.name
    theirs.reload(merged.weights, merged.digest)
    assert theirs.name == f"{name} reloaded"
    found = models.answers(theirs, wanted)
    assert models.alike(found, models.answers(fresh, wanted)) == 30 and models.alike(found, slow) < 15
    theirs.reload(SLOW, "slow", proven=True)
    assert (theirs.name, models.alike(models.answers(theirs, wanted), slow)) == (name, 30)


def live(kind: type[VllmEngine], folder: Path) -> tuple[LiveEngine, list[str], list[Path]]:
    said, starts = list[str](), list[Path]()

    def load(path: Path) -> Engine:
        starts.append(path)
        return VllmCopies(partial(kind, path), [""], path)

    return LiveEngine(load, folder / "place", said.append), said, starts


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "tied"), [(VllmEngine, True), (VllmEngine, False), (KeepsItsHead, True)])
def test_a_live_engine_answers_as_one_that_is_started(
    kind: type[VllmEngine], tied: bool, theirs: Engine, tmp_path: Path
) -> None:
    """Four models, the last two swapped in where the probe has passed; a head that stays is found out."""
    theirs.close()
    found, expected = list[int](), kind is VllmEngine
    engine, said, starts = live(kind, tmp_path)
    with MemoryMerger(models.family(tmp_path, tied)) as merger:
        for number, shares in enumerate(((0.5, 0.45), (0.1, 0.9), (0.45, 0.45), (0.9, 0.1))):
            merged = merger.merge(models.recipe(*shares))
            engine.take(merged)
            fresh = load_engine(merged.folder(tmp_path / str(number)), DecodingParams(engine="transformers"))
            wanted = models.prompts(fresh)
            found.append(models.alike(models.answers(engine, wanted), models.answers(fresh, wanted)))
    engine.close()
    assert found == [30] * 4 and engine.proven is expected
    assert (len(starts), len(said)) == ((2, 0) if expected else (4, 1))
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_swapped_weights_outlive_a_restart_for_more_context(theirs: Engine, tmp_path: Path) -> None:
    with MemoryMerger(models.family(tmp_path, True)) as merger:
        merged = merger.merge(models.recipe(0.5, 0.45))
    wanted = models.prompts(theirs, 2)
    theirs.reload(merged.weights, merged.digest)
    short = generated(theirs, wanted, NoControl())
    assert generated(theirs, wanted, NoControl(), max_tokens=800) == short
    theirs.close()
    assert generated(theirs, wanted, NoControl()) == short
    theirs.reload(SLOW, "slow", proven=True)
