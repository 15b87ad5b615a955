"""Published benchmarks: each form read to the letter, subsets, digests, the hub, and the real files where at hand."""

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from l2s.benchmarks import SOURCES, BenchmarkParams, problems_digest, write_problems
from l2s.benchmarks.source import last_box
from l2s.core.errors import ConfigError, RecordError
from l2s.core.row import Row
from l2s.records import Problems, read_rows
from l2s.records.lines import replacing_lines
from tests.rows import SHARED, written

FORMS: list[tuple[str, Row, Row]] = [
    ("gsm8k", {"question": "q", "answer": "a <<1+1=2>>2\n#### 1,234"}, {"id": "0", "gold": "1234"}),
    (
        "math500",
        {"problem": "q", "answer": r"\frac12", "level": 3, "subject": "Algebra", "unique_id": "test/a/1.json"},
        {"id": "test/a/1.json", "gold": r"\frac12", "level": 3, "subject": "Algebra"},
    ),
    (
        "math500",
        {"problem": "q", "solution": r"so \boxed{1}, no \boxed{\frac{1}{2}}.", "level": "Level 5", "type": "Algebra"},
        {"gold": r"\frac{1}{2}", "level": 5, "subject": "Algebra"},
    ),
    ("math500", {"problem": "q", "answer": "1", "level": "Level ?"}, {"gold": "1", "level": None}),
    ("aime24", {"id": 60, "problem": "q", "answer": "055"}, {"id": "60", "gold": "055"}),
    ("aime24", {"ID": "2024-I-1", "Problem": "q", "Answer": 204}, {"id": "2024-I-1", "gold": "204"}),
    ("aime25", {"problem": "q", "answer": "468"}, {"id": "0", "gold": "468"}),
    ("amc23", {"id": 4, "question": "q", "answer": 36.0}, {"id": "4", "gold": "36"}),
    ("amc23", {"id": 4, "question": "q", "answer": 0.5}, {"gold": "0.5"}),
    (
        "minerva_math",
        {
            "problem": "q",
            "solution": r"s=\boxed{1.6} \mathrm{~cm}",
            "type": "Introduction to Astronomy (8.282J)",
            "idx": 7,
        },
        {"id": "7", "gold": "1.6", "subject": "Introduction to Astronomy"},
    ),
    ("minerva_math", {"question": "q", "answer": "2"}, {"gold": "2", "subject": None}),
    (
        "olympiadbench",
        {"id": 1, "context": "Given.", "question": "q", "final_answer": ["$1$,", "$2$"], "subfield": "Algebra"},
        {"problem": "Given.\nq", "gold": "$1$, $2$", "subject": "Algebra"},
    ),
    (
        "college_math",
        {"question": "q", "answer": "$10-4 n$", "data_topic": "college_math.algebra"},
        {"gold": "$10-4 n$", "subject": "algebra"},
    ),
]


def problems(tmp_path: Path, **params: Any) -> list[Row]:
    out = tmp_path / "out.jsonl"
    assert write_problems("b", BenchmarkParams.parse(params, "x"), out) == len(read_rows(out, Problems))
    return read_rows(out)


@pytest.mark.parametrize(("source", "row", "expected"), FORMS)
def test_the_usual_form_of_each(tmp_path: Path, source: str, row: Row, expected: Row) -> None:
    (found,) = problems(tmp_path, source=source, path=str(written(tmp_path / "in.jsonl", [row])))
    assert {key: found[key] for key in expected} == expected
    assert found["benchmark"] == "b" and found["problem"].endswith("q")


@pytest.mark.parametrize(
    ("source", "row", "why"),
    [
        ("gsm8k", {"question": "q", "answer": "42"}, "holds no '####'"),
        ("gsm8k", {"question": "q", "answer": "x #### "}, "holds no '####'"),
        ("math500", {"problem": "q", "solution": "no box"}, r"neither an 'answer' nor a \\boxed"),
        ("aime25", {"answer": "1"}, "expected text in 'problem' or 'question' or 'Problem'; found answer"),
        ("olympiadbench", {"question": "q", "final_answer": []}, "'final_answer' is no list of texts"),
        ("amc23", {"question": "q", "answer": True}, "expected text in 'answer'"),
    ],
)
def test_another_form_names_file_row_and_what_was_expected(tmp_path: Path, source: str, row: Row, why: str) -> None:
    path = written(tmp_path / "in.jsonl", [FORMS[0][1] if source == "gsm8k" else row, row])
    with pytest.raises(RecordError, match=rf"in\.jsonl: row [12] is not of .*{why}"):
        problems(tmp_path, source=source, path=str(path))
    assert not (tmp_path / "out.jsonl").exists()


def test_gpqa_spreads_the_gold_letter_by_seed(tmp_path: Path) -> None:
    path = tmp_path / "gpqa_diamond.csv"
    with open(path, "w", newline="") as file:
        columns = ["Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"]
        writer = csv.writer(file)
        writer.writerow([*columns, "Record ID", "Subdomain"])
        writer.writerows([f"q{n}", "right", "w1", "w2", "w3", f"rec{n}", "Genetics"] for n in range(40))
    rows = problems(tmp_path, source="gpqa", path=str(path))
    assert all(f"({row['gold']}) right" in row["problem"] and row["problem"].count("\n(") == 4 for row in rows)
    assert {row["gold"] for row in rows} == set("ABCD") and rows[3]["id"] == "rec3"
    assert rows == problems(tmp_path, source="gpqa", path=str(path))
    assert rows != problems(tmp_path, source="gpqa", path=str(path), seed=1)


MATH = [{"problem": f"q{n}", "answer": str(n), "level": n % 5 + 1, "subject": "ab"[n % 2]} for n in range(60)]


def test_subsets(tmp_path: Path) -> None:
    path = str(written(tmp_path / "in.jsonl", MATH))
    assert [row["level"] for row in problems(tmp_path, source="math500", path=path, levels=[5])] == [5] * 12
    both = problems(tmp_path, source="math500", path=path, levels=[1, 2], subjects=["A"])
    assert {(row["level"], row["subject"]) for row in both} == {(1, "a"), (2, "a")} and len(both) == 12
    assert [row["gold"] for row in problems(tmp_path, source="math500", path=path, limit=3)] == ["0", "1", "2"]
    drawn = [int(row["gold"]) for row in problems(tmp_path, source="math500", path=path, sample=20)]
    assert len(set(drawn)) == 20 and drawn == sorted(drawn) and drawn != list(range(20))
    other = [int(row["gold"]) for row in problems(tmp_path, source="math500", path=path, sample=20, seed=1)]
    assert other != drawn
    assert len(problems(tmp_path, source="math500", path=path, sample=90)) == 60
    with pytest.raises(ConfigError, match=r"benchmarks\.b: no problem has levels \[9\]"):
        problems(tmp_path, source="math500", path=path, levels=[9])


def test_every_row_carries_a_digest_of_what_is_asked(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", MATH)
    rows = problems(tmp_path, source="math500", path=str(path))
    (digest,) = {row["benchmark_digest"] for row in rows}
    assert digest == problems_digest(rows) and len(digest) == 12
    written(path, [{**MATH[0], "answer": "1/2"}, *MATH[1:]])
    assert problems(tmp_path, source="math500", path=str(path))[0]["benchmark_digest"] != digest
    written(path, [{**MATH[0], "level": 4}, *MATH[1:]])
    assert problems(tmp_path, source="math500", path=str(path))[0]["benchmark_digest"] == digest


def test_parquet_and_jsonl_of_the_same_rows_are_the_same(tmp_path: Path) -> None:
    rows = [{"question": f"q{n}", "answer": f"#### {n}"} for n in range(5)]
    pl.DataFrame(rows).write_parquet(tmp_path / "a.parquet")
    path = written(tmp_path / "a.jsonl", rows)
    found = [problems(tmp_path, source="gsm8k", path=str(file)) for file in (path, tmp_path / "a.parquet")]
    assert found[0] == found[1]
    (tmp_path / "b.parquet").write_text("no parquet")
    with pytest.raises(RecordError, match=r"b\.parquet: no Parquet file"):
        problems(tmp_path, source="gsm8k", path=str(tmp_path / "b.parquet"))


@pytest.mark.parametrize("source", ["file", "jsonl"])
def test_problems_of_ones_own(tmp_path: Path, source: str) -> None:
    path = written(tmp_path / "in.jsonl", [{"id": "a", "problem": "p", "gold": "1", "hint": "h"}])
    (row,) = problems(tmp_path, source=source, path=str(path))
    assert (row["benchmark"], row["id"], row["hint"]) == ("b", "a", "h")
    written(path, [{"id": 7, "problem": "p", "gold": 1}])
    assert [(row["id"], row["gold"]) for row in problems(tmp_path, source=source, path=str(path))] == [("7", "1")]
    written(path, [{"id": "a", "problem": "p", "gold": [1]}])
    with pytest.raises(RecordError, match=r"in\.jsonl: column 'gold': row 1 holds \[1\]; expected text"):
        problems(tmp_path, source=source, path=str(path))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"source": "gsm8"}, "no benchmark has this name; did you mean 'gsm8k'"),
        ({"source": "gsm8k", "levle": [1]}, "levle: unknown key; did you mean 'levels'"),
        ({"source": "gsm8k", "split": "validation"}, "gsm8k has split test or train, not validation"),
        ({"source": "gpqa"}, "source gpqa takes a path"),
        ({"source": "college_math"}, "source college_math takes a path"),
        ({"source": "minerva_math"}, "takes a path, or a revision of math-ai/minervamath"),
        ({"source": "arithmetic", "split": "train"}, "split validation, test or search"),
        ({"source": "arithmetic", "path": "x"}, "takes no path"),
        ({"source": "jsonl", "path": "x", "revision": "abc"}, "stands without a path"),
        ({"source": "gsm8k", "sample": 0}, "greater than or equal to 1"),
    ],
)
def test_params_that_cannot_be_are_one_sentence(params: Row, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        BenchmarkParams.parse(params, "params.yaml: benchmarks.b")


def test_a_file_in_the_hubs_cache_is_used_and_an_absent_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    pinned = SOURCES["math500"].hub["test"]
    with pytest.raises(RecordError, match=rf"{pinned.repository}/{pinned.file}@{pinned.revision}: neither in the"):
        problems(tmp_path, source="math500")
    folder = tmp_path / "hub" / f"datasets--{pinned.repository.replace('/', '--')}" / "snapshots" / str(pinned.revision)
    folder.mkdir(parents=True)
    written(folder / pinned.file, MATH)
    assert len(problems(tmp_path, source="math500")) == 60
    (folder.parent / ("f" * 40)).mkdir()
    written(folder.parent / ("f" * 40) / pinned.file, MATH[:7])
    assert len(problems(tmp_path, source="math500", revision="f" * 40)) == 7


def test_every_source_says_what_it_is() -> None:
    names = {"gsm8k", "math500", "aime24", "aime25", "amc23", "minerva_math", "olympiadbench", "college_math", "gpqa"}
    assert set(SOURCES) == names
    for source in SOURCES.values():
        assert source.count > 0 and source.licence and source.origin and source.title
        assert all(pin.revision is None or len(pin.revision) == 40 for pin in source.hub.values())
    table = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for source in SOURCES.values():
        line = next(line for line in table.splitlines() if line.startswith(f"| `{source.name}` |"))
        assert str(source.count) in line.replace(",", "") and source.licence.split(",")[0].split(" (")[0] in line
        for pin in source.hub.values():
            assert pin.repository in line and (pin.revision or "none pinned")[:12] in line


@pytest.mark.parametrize(
    ("text", "box"),
    [(r"a \boxed{1} b \boxed{\frac{1}{2}}", r"\frac{1}{2}"), (r"\boxed{1} \boxed{2", "1"), ("none", None)],
)
def test_last_box(text: str, box: str | None) -> None:
    assert last_box(text) == box


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"gpqa"}))
def test_real_files_have_the_count_stated(tmp_path: Path, name: str) -> None:
    path = SHARED / ("gsm8k_test.jsonl" if name == "gsm8k" else f"{name}.jsonl")
    if not path.is_file():
        pytest.skip("the published files are not at hand")
    assert len(problems(tmp_path, source=name, path=str(path))) == SOURCES[name].count


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.jsonl.gz"])
def test_problems_of_a_file_are_counted_before_they_are_read(name: str, tmp_path: Path) -> None:
    """Compressed, its bytes have lines of their own, whose number says nothing of problems."""
    with replacing_lines(tmp_path / name) as file:
        file.writelines(b'{"id": "%d", "problem": "%d + 1", "gold": "%d"}\n' % (n, n, n + 1) for n in range(500))
    params = BenchmarkParams.parse({"source": "file", "path": str(tmp_path / name)}, "problems")
    assert params.at_most() == 500
    assert params.model_copy(update={"limit": 7}).at_most() == 7
