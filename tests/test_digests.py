"""Digests: BLAKE3's own vectors, and what earlier versions wrote as SHA-256, still found and checked."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from l2s.checkpoints import Checkpoint
from l2s.checkpoints.statistics import DISTANCE, Statistics
from l2s.core import digests
from l2s.core.digests import SHA256, digest_bytes, digest_file, digest_text
from l2s.generation.answerer import Answerer, Digests
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.engine import Prompt
from l2s.generation.settings import DecodingParams
from l2s.generation.store.store import Origin, ResponseStore, Stored
from l2s.lineage.record import Record
from l2s.merging.plan.statistics import by_todays_digests
from tests.tiny import random_weights, write_checkpoint

EMPTY = "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_digests_are_blake3s_and_name_it(tmp_path: Path) -> None:
    """The vectors of the BLAKE3 team for no byte and for 1,025 of them."""
    content = bytes(place % 251 for place in range(1025))
    (tmp_path / "file").write_bytes(content)
    found = "blake3:d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"
    assert digest_text("") == EMPTY and digest_bytes(content) == found == digest_file(tmp_path / "file")
    assert digest_file(tmp_path / "file", SHA256) == f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize(
    ("digest", "algorithm", "digits"),
    [("blake3:ab", "blake3", "ab"), ("sha256:ab", "sha256", "ab"), ("no such file", "blake3", "no such file")],
)
def test_a_digest_tells_what_it_was_made_with(digest: str, algorithm: str, digits: str) -> None:
    assert digests.algorithm_of(digest) == algorithm and digests.without_name(digest) == digits


class Engine:
    """Answers with one id; says what it was asked."""

    name = "engine 1"

    def generate(self, prompts: list[Prompt], *settings: object) -> list[object]:
        raise AssertionError("it is stored")


def earlier_key(weights: str, tokenizer: str, prompt: Prompt, decoding: DecodingParams) -> bytes:
    """As versions before BLAKE3 made it."""
    style, sampling = decoding.prompt, decoding.sampling
    parts = {
        "weights": weights, "tokenizer": tokenizer, "prompt": prompt.ids,
        "delimiters": [style.opening, style.closing], "stop": [style.style, *style.stop],
        "sampling": sampling.model_dump(exclude={"samples", "seed"}, exclude_none=True),
        "stream": None if sampling.greedy else [sampling.seed, prompt.benchmark, prompt.problem_id],
        "sample": prompt.sample, "control": NoControl().identity(), "engine": Engine.name,
        "device": decoding.device,
    }  # fmt: skip
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()


def test_a_response_of_an_earlier_version_is_served_and_kept_under_todays_key(tmp_path: Path) -> None:
    decoding, stored = DecodingParams(), Stored([1, 2], "stop", True, 0, 2)
    prompt, asked = Prompt("b", "1", 0, [5, 6], False, False), list[int]()
    key = earlier_key("sha256:old", "sha256:tokenizer", prompt, decoding)

    def earlier() -> Digests:
        asked.append(1)
        return Digests("sha256:old", "sha256:tokenizer")

    def answered() -> list[tuple[int, Stored]]:
        with ResponseStore(tmp_path / "s") as store:
            words: Any = SimpleNamespace(digest="blake3:tokenizer")
            answerer = Answerer(Path("m"), "blake3:new", words, Engine, store, earlier=earlier)  # type: ignore[arg-type]
            return list(answerer.answers([prompt], decoding, NoControl()))

    with pytest.raises(AssertionError, match="it is stored"):
        answered()
    assert not asked, "a store without such responses asks for no digest"
    with ResponseStore(tmp_path / "s") as store:
        store.put(key, stored, Origin("m", "sha256:old", "engine 1"))
        bare = hashlib.sha256(key + json.dumps(stored, separators=(",", ":")).encode()).hexdigest()
        store.connection.execute("UPDATE origins SET digest = ?", (bare,))
    assert answered() == [(0, stored)] and len(asked) == 1
    assert answered() == [(0, stored)] and len(asked) == 1, "now it is found under today's key"
    with ResponseStore(tmp_path / "s") as store:
        store.connection.execute("UPDATE responses SET ids = '[1, 3]'")
    with pytest.raises(AssertionError, match="it is stored"):
        answered()  # both are damaged, and neither is served


def test_distances_from_models_named_by_sha256_are_those_of_the_same_models(tmp_path: Path) -> None:
    models = {name: Checkpoint(write_checkpoint(tmp_path / name, random_weights(n))) for n, name in enumerate("ab")}
    named = {f"{DISTANCE}{models['a'].digest_weights(SHA256)}": torch.tensor(1.0), f"{DISTANCE}sha256:0": torch.ones(1)}
    found = by_todays_digests({"s": Statistics("sensitivities", named)}, models)["s"].tensors
    assert list(found) == [f"{DISTANCE}{models['a'].weights_digest}", f"{DISTANCE}sha256:0"]


def test_a_record_of_an_earlier_version_is_read_and_no_bit_of_it_changes_unseen(tmp_path: Path) -> None:
    """Format 1: SHA-256, sources in two groups."""
    content = {
        "format": 1, "made_by": "l2s merge", "parameters": {}, "seeds": {}, "inputs": [], "outputs": [],
        "code": {"l2s/a.py": "sha256:1"}, "imported": {"l2s/b.py": "sha256:2"}, "versions": {"python": "3.11"},
    }  # fmt: skip
    sealed = f"sha256:{hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()}"
    file = tmp_path / "record.json"
    file.write_text(json.dumps(content | {"digest": sealed}, indent=2) + "\n")
    assert Record.read(file).imported == {"l2s/b.py": "sha256:2"}
    file.write_text(file.read_text().replace("sha256:2", "sha256:3"))
    with pytest.raises(Exception, match=r"record.json: changed since it was written: its digest says sha256:"):
        Record.read(file)
