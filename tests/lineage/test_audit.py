"""The audit of a finished project: clean as it is; whatever is changed is found and named."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from l2s.lineage.artefacts import UNCOUNTED
from l2s.lineage.audit import Audit, audit_graph
from l2s.lineage.graph import ProvenanceGraph
from l2s.lineage.record import Record
from tasks.running.declared import stage_names
from tests.conftest import L2s
from tests.lineage.conftest import changed, flipped
from tests.lineage.projects import ROOT, STAGES


def audited(path: Path | None = None, stages: Sequence[str] = STAGES) -> Audit:
    """Everything but what is done again."""
    return audit_graph(ProvenanceGraph.read(Path()), path, stages, ROOT, {})


def test_a_finished_project_is_clean(project: Path, l2s: L2s) -> None:
    code, said, _ = l2s("audit", "--json")
    found = json.loads(said)
    given = "given, with no record of what made it, and as its readers saw it: given/base, given/quick, given/slow"
    assert code == 0 and found["clean"] and found["mismatches"] == [] and found["notes"] == [given]
    assert found["checked"]["records"] == len(STAGES) and found["checked"]["graded"] == 3 * 10
    assert sorted(found["checked"]["redone"]) == ["analyse", "problems@dev", "problems@test"]
    there = [*Path("data").rglob("*"), *Path("given").rglob("*")]
    on_disk = [f for f in there if f.is_file() and "lineage" not in f.parts and f.name != ".gitignore"]
    assert found["checked"]["files"] == len(on_disk), "a file that no record tells of"
    assert found["checked"]["bytes"] == sum(file.stat().st_size for file in on_disk)


def artefact_files(project: Path) -> list[Path]:
    """Every file that any stage wrote, records included."""
    found = (file for file in (project / "data").rglob("*") if file.is_file())
    return sorted(file for file in found if file.name not in UNCOUNTED)


@pytest.mark.long
def test_every_flipped_bit_is_found_and_named(project: Path) -> None:
    files = artefact_files(project)
    kinds = {file.relative_to(project).parts[1] for file in files}
    assert kinds >= {
        "models",
        "benchmarks",
        "calibration",
        "merged",
        "responses",
        "verdicts",
        "summary",
        "report",
        "lineage",
    }
    records = [file for file in files if "lineage" in file.parts]  # read together, and each vouches for itself
    assert len(files) > 60 and len(records) > 10
    missed = []
    for file in (file for file in files if file not in records):
        missed += missed_bits([file], file)
    missed += missed_bits(records, None)
    assert not missed
    assert not audited().findings, "everything was put back"


def missed_bits(files: list[Path], scope: Path | None) -> list[tuple[str, int]]:
    """Flip four bits of each file, one at a time in all of them; those that the audit does not name."""
    missed = []
    for place in range(4):
        with ExitStack() as stack:
            for file in files:
                bits = 8 * file.stat().st_size
                shift = len(file.name) % 8
                bit = (3, 64 + shift, bits // 2 + shift, bits - 1 - shift)[place]
                stack.enter_context(changed(file, flipped(file.read_bytes(), bit)))
            named = {finding.file for finding in audited(scope).findings}
        missed += [(str(file), place) for file in files if file.relative_to(Path.cwd()).as_posix() not in named]
    return missed


def test_a_flipped_bit_in_an_occasion_is_found(project: Path) -> None:
    (local,) = Path(".l2s/history/merge/average").iterdir()
    with changed(local, flipped(local.read_bytes(), 900)):
        assert [finding.file for finding in audited().findings] == [str(local)]


def test_the_tensor_is_named(project: Path) -> None:
    file = Path("data/merged/average/model.safetensors")
    with changed(file, flipped(file.read_bytes(), 8 * file.stat().st_size - 5)):
        findings = [str(finding) for finding in audited(Path("data/merged/average")).findings]
    assert any(text.startswith(f"{file}: tensor model.") and "expected blake3:" in text for text in findings)
    assert any("l2s_manifest.json: tensors.model." in text for text in findings), "the manifest tells it too"


def test_files_that_are_gone_and_files_that_came(project: Path) -> None:
    with changed(Path("data/models/slow/config.json"), None):
        assert any(f.file == "data/models/slow/config.json" and f.found == "no such file" for f in audited().findings)
    with changed(Path("data/merged/average/model.safetensors.index.json"), b"{}"):
        (found,) = [f for f in audited().findings if f.file.endswith("index.json")]
        assert "does not tell" in found.found
    with changed(Path("data/lineage/verify/slow.json"), None):
        found = audited()
    assert not found.findings, "dvc.lock would tell, and there is none here"
    assert any("no record of what made it" in note and "data/verdicts/slow.jsonl" in note for note in found.notes)


def reseal(file: Path, edit: Callable[[dict[str, Any]], None]) -> bytes:
    """A record with other content, and a digest that fits: what somebody would write who covers up."""
    content = json.loads(file.read_text())
    edit(content)
    Record.parse(content, "test").sealed().write(aside := file.with_suffix(".aside"))
    written = aside.read_bytes()
    aside.unlink()
    return written


def covered_up(project: Path, made: str, path: str) -> bytes:
    """The record of ``made`` with the digests of ``path`` as it now is."""
    from l2s.lineage.artefacts import describe

    (now,) = describe([Path(path)], Path.as_posix)

    def edit(record: dict[str, Any]) -> None:
        record["outputs"] = [now.model_dump(mode="json") if out["path"] == path else out for out in record["outputs"]]

    return reseal(project / "data/lineage" / made, edit)


def edited_rows(file: Path, number: int, **changes: Any) -> bytes:
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[number] |= changes
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def test_a_record_that_was_made_to_fit_breaks_the_link(project: Path) -> None:
    weights = Path("data/models/slow/model.safetensors")
    with (
        changed(weights, flipped(weights.read_bytes(), 8 * weights.stat().st_size - 1)),
        changed(Path("data/lineage/family.json"), covered_up(project, "family.json", "data/models/slow")),
    ):
        findings = [str(finding) for finding in audited().findings]
    assert any("what merge@average read, against what family made" in text for text in findings)
    assert any("what generate@slow read" in text for text in findings)
    assert any("l2s_manifest.json: inputs.slow" in text for text in findings), (
        "the merge's manifest is a second witness"
    )


def test_a_verdict_that_was_made_to_fit_is_graded_again(project: Path, l2s: L2s) -> None:
    file, record = Path("data/verdicts/average.jsonl"), Path("data/lineage/verify/average.json")
    row = json.loads(file.read_text().splitlines()[3])
    other = {"status": "incorrect", "correct": False} if row["correct"] else {"status": "correct", "correct": True}
    with (
        changed(file, edited_rows(file, 3, **other)),
        changed(record, covered_up(project, "verify/average.json", str(file))),
    ):
        code, said, _ = l2s("audit", str(file), "--json")
    found = [f for f in json.loads(said)["mismatches"]]
    assert code == 1 and {(f["file"], f["what"].rpartition(": ")[2]) for f in found} == {
        (str(file), "status"), (str(file), "correct"),
    }  # fmt: skip
    assert all(f["what"].startswith(f"row 4 ({row['benchmark']} {row['id']})") for f in found)
    assert {f["found"] for f in found} == {str(other["status"]), str(other["correct"])}


def test_a_verdict_by_another_grader_than_the_parameters_name(project: Path, l2s: L2s) -> None:
    file, record = Path("data/verdicts/average.jsonl"), Path("data/lineage/verify/average.json")
    with (
        changed(file, edited_rows(file, 0, grader="qwen")),
        changed(record, covered_up(project, "verify/average.json", str(file))),
    ):
        code, _, said = l2s("audit", str(file))
    assert code == 1 and "row 1 (" in said and "grader: expected l2s, found qwen" in said


def test_a_number_that_was_made_to_fit_is_analysed_again(project: Path, l2s: L2s) -> None:
    file = Path("data/summary/summary.json")
    content = json.loads(file.read_text())
    content["rows"][0]["accuracy"] = 0.123
    with (
        changed(file, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()),
        changed(Path("data/lineage/analyse.json"), covered_up(project, "analyse.json", str(file))),
    ):
        code, told, said = l2s("audit", str(file), "--regrade", "3")
    row = content["rows"][0]
    assert code == 1 and f"{file}: rows[{row['run']} {row['benchmark']}].accuracy, done again: expected " in said
    assert "found 0.123" in said and "3 rows graded again" in told


def test_a_response_that_was_made_to_fit_is_generated_again(project: Path, l2s: L2s) -> None:
    file, record = Path("data/responses/average.jsonl"), Path("data/lineage/generate/average.json")
    said: dict[bool, tuple[int, str, str]] = {}
    said[False] = l2s("audit", str(file), "--regenerate", "10")
    with (
        changed(file, edited_rows(file, 2, response=" A lie. The answer is \\boxed{7}.")),
        changed(record, covered_up(project, "generate/average.json", str(file))),
    ):
        said[True] = l2s("audit", str(file), "--regenerate", "10")
    assert said[False][0] == 0 and "10 rows generated again" in said[False][1]
    assert said[True][0] == 1 and f"{file}: row 3 (" in said[True][2] and "response: expected" in said[True][2]


def test_token_ids_of_the_store_are_compared(project: Path, l2s: L2s) -> None:
    import sqlite3

    store = Path(".l2s/responses.sqlite")
    shutil.copy(store, kept := project / "kept.sqlite")
    try:
        with sqlite3.connect(store) as connection:
            connection.execute("UPDATE responses SET ids = '[1, 2, 3]'")
        code, _, said = l2s("audit", "data/responses/slow.jsonl", "--regenerate", "1")
    finally:
        connection.close()
        shutil.move(kept, store)
    assert code == 1 and "responses.sqlite: token ids under key" in said


def test_parameters_and_code_that_are_no_longer_what_made_it(project: Path, tmp_path: Path) -> None:
    record = Path("data/lineage/merge/average.json")

    def older(content: dict[str, Any]) -> None:
        content["code"]["l2s/merging/methods/linear.py"] = "sha256:0"
        content["code"]["l2s/gone.py"] = "sha256:0"

    with changed(record, reseal(record, older)):
        found = audited()
    (finding,) = found.findings
    assert finding.file == "code" and finding.what == "behind merge@average"
    assert finding.found.startswith("l2s/merging/methods/linear.py, l2s/gone.py changed since; l2s run makes")
    assert "merge@average" not in {made.by.record.made_by for made in found.repeatable}
    assert len(found.repeatable) < len(found.made) and any("not done again" in note for note in found.notes)


def test_what_a_removed_recipe_left_is_passed_over_and_said(project: Path) -> None:
    params = Path("params.yaml").read_text()
    shorter = params.replace("  aim-ties:\n    model: merged/aim-ties\n    control: none\n", "")
    assert shorter != params
    with changed(Path("params.yaml"), shorter.encode()):
        notes = audited(stages=stage_names()).notes
    assert any("generate@aim-ties, verify@aim-ties left" in note for note in notes)


def test_quick_believes_and_says_so(project: Path, l2s: L2s) -> None:
    assert l2s("audit")[0] == 0
    code, said, _ = l2s("audit", "--quick")
    assert code == 0 and "files believed by size and time alone" in said
    file = Path("data/verdicts/slow.jsonl")
    with changed(file, flipped(file.read_bytes(), 80)):
        assert l2s("audit", "--quick")[0] == 1


def test_a_full_audit_believes_nobody(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests that are remembered are for the merge's speed; here they would hide what a disk lost."""
    from l2s.checkpoints.files import remembered

    monkeypatch.setattr(remembered, "identity", lambda file: [1, 1, 1, 1, 1])
    file = Path("data/models/slow/model.safetensors")
    with changed(file, flipped(file.read_bytes(), 8 * file.stat().st_size - 1)):
        assert any(f.file == str(file) for f in audited().findings)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["audit"], "nothing to audit"),
        (["audit", "none"], "none: no such file"),
        (["lineage", "none"], "none: no such"),
    ],
)
def test_nothing_there_is_bad_input(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, l2s: L2s
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, said = l2s(*words)
    assert code == 2 and sentence in said and said.startswith("error: ") and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


DAMAGES: dict[str, bytes | None] = {
    "empty": b"",
    "cut": None,
    "no text": b"\xff\xfe\x00" * 9,
    "another kind": b"[]",
    "a word": b"null",
    "nested": b"[" * 100_000,
    "missing": None,
    "a folder": None,
}
"""What a file holds instead; cut: its first half."""
READ = {
    "runs": ("models/slow/config.json", "merged/average/l2s_manifest.json", "responses/slow.jsonl",
             "summary/summary.json"),
    "verdicts": ("models/slow/tokenizer.json", "merged/average/model.safetensors", "verdicts/slow.jsonl"),
    "problems": ("merged/average/config.json", "benchmarks/test.jsonl", "calibration/activations.safetensors",
                 "lineage/analyse.json"),
}  # fmt: skip
"""Files of which no reader sees two."""
CASES = [
    pytest.param(group, damage, marks=() if n == place else pytest.mark.long)
    for n, damage in enumerate(DAMAGES)
    for place, group in enumerate(READ)
]


@contextmanager
def damaged(file: Path, damage: str) -> Iterator[None]:
    whole = file.read_bytes()
    with changed(file, whole[: len(whole) // 2] if damage == "cut" else DAMAGES[damage]):
        if damage == "a folder":
            file.mkdir()
        yield
        if damage == "a folder":
            file.rmdir()


@pytest.mark.parametrize(("group", "damage"), CASES)
def test_a_damaged_file_is_a_finding_among_all_others(project: Path, group: str, damage: str, l2s: L2s) -> None:
    """Beside another one, which is found whatever the first do to the stages that are done again."""
    names = {f"data/{name}" for name in READ[group]}
    if damage == "missing":
        names -= {"data/lineage/analyse.json"}  # of which dvc.lock tells, where there is one
    with ExitStack() as stack:
        stack.enter_context(changed(project / "data/report/index.html", b"other"))
        for name in sorted(names):
            stack.enter_context(damaged(project / name, damage))
        code, said, _ = l2s("audit", "--json", "--regrade", "3")
    found = {mismatch["file"] for mismatch in json.loads(said)["mismatches"]}
    assert code == 1 and {*names, "data/report/index.html"} <= found, said


def test_a_lock_that_is_missing_or_damaged_is_a_finding(project: Path, l2s: L2s) -> None:
    (project / ".dvc").mkdir()
    try:
        for content in (None, b"", b"\xff", b"stages: [", b"stages:\n  analyse: {outs: [3]}\n"):
            with changed(project / "dvc.lock", content or b""):
                if content is None:
                    (project / "dvc.lock").unlink()
                code, said, _ = l2s("audit", "--json", "--regrade", "0")
            assert code == 1 and json.loads(said)["mismatches"][0]["file"] == "dvc.lock", said
    finally:
        (project / ".dvc").rmdir()


@pytest.mark.parametrize("name", ["params.yaml", "dvc.yaml"])
def test_parameters_that_cannot_be_read_are_a_finding(project: Path, name: str, l2s: L2s) -> None:
    with changed(project / name, b"a: [\xff"), changed(project / "data/report/index.html", b"other"):
        code, said, _ = l2s("audit", "--json", "--regrade", "0")
    found = {mismatch["file"] for mismatch in json.loads(said)["mismatches"]}
    assert code == 1 and {name, "data/report/index.html"} <= found, said


def test_the_store_is_looked_at(project: Path, l2s: L2s) -> None:
    import sqlite3

    store = project / ".l2s/responses.sqlite"
    code, said, _ = l2s("audit", "--json", "--regrade", "0")
    assert code == 0 and json.loads(said)["checked"]["stored"] == 30, said
    with changed(store, store.read_bytes()):
        connection = sqlite3.connect(store)
        connection.execute("UPDATE responses SET ids = '[1,2]' WHERE key = (SELECT min(key) FROM responses)")
        connection.commit()
        connection.close()
        code, said, _ = l2s("audit", "--json", "--regrade", "0")
        [mismatch] = json.loads(said)["mismatches"]
        assert code == 1 and mismatch["file"] == ".l2s/responses.sqlite" and mismatch["what"].startswith("key ")
    for content in (b"", b"no store at all, whatever it is called", store.read_bytes()[:9000]):
        with changed(store, content):
            code, said, _ = l2s("audit", "--json", "--regrade", "0")
        assert (code == 1 or content == b"") and "Traceback" not in said, said
