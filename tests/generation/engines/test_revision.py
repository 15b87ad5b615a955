"""Stored responses are those of the code that lies here: a change of what decides tokens asks whether any differs."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from l2s.core.files import write_json
from l2s.generation.engines.load import MODULES
from l2s.lineage.code import fingerprint
from l2s.lineage.meaning import Reading

ROOT = Path(__file__).resolve().parents[3]
KNOWN = Path(__file__).with_name("revisions.json")


def code_of(engine: str) -> str:
    """Fingerprint of the engine's own package, the state machine and the kinds of controls."""
    reading = Reading(ROOT)
    folders = [ROOT / f"l2s/generation/engines/{engine}", ROOT / "l2s/generation/controls"]
    files = sorted(file for folder in folders for file in folder.rglob("*.py"))
    return fingerprint({reading.name(file): reading.source(file).meaning for file in files})


def revision_of(engine: str) -> int:
    """As the engine's module has it; it is read as text, since the engine's packages need not be here."""
    spec = find_spec(MODULES[engine].rpartition(".")[0])
    assert spec is not None and spec.origin is not None
    text = Path(spec.origin).with_name("engine.py").read_text(encoding="utf-8")
    return int(text.split("\nREVISION = ")[1].split("\n")[0])


@pytest.mark.parametrize("engine", MODULES)
def test_a_change_of_what_decides_tokens_says_whether_stored_responses_still_hold(engine: str) -> None:
    known, now = json.loads(KNOWN.read_text()), {"revision": revision_of(engine), "code": code_of(engine)}
    assert known[engine] == now, (
        f"what decides the tokens of {engine} has changed. If any response can come out otherwise, raise REVISION in "
        f"its engine.py, so that stored ones no longer hit. Then write what lies here: python -m {__name__}"
    )


if __name__ == "__main__":
    write_json(KNOWN, {name: {"revision": revision_of(name), "code": code_of(name)} for name in MODULES})
