"""``tokenizer.tokens`` against mergekit: the same vocabulary, the same ids, the same rows of embedding and head."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.peers import PYTHON, find_mergekit
from l2s.merging.recipe import MergeRecipe
from l2s.merging.run.merge import merge_checkpoints
from tests.merging.run.test_merge import weights_of
from tests.tiny import random_weights, write_checkpoint

MERGEKIT = find_mergekit(Path(__file__).parents[3] / ".l2s" / "bench")
ROWS = 16

pytestmark = pytest.mark.skipif(
    MERGEKIT is None, reason=f"mergekit is not installed: run make bench once, or let {PYTHON} name its python"
)


def model(folder: Path, seed: int, *added: str) -> Path:
    """With a tokenizer of 14 tokens, and the added ones behind them."""
    from tokenizers import Tokenizer
    from transformers import LlamaTokenizerFast

    tokens = ["<unk>", "<s>", "</s>", *(f"t{number}" for number in range(3, 14))]
    vocabulary = {"type": "BPE", "vocab": {token: number for number, token in enumerate(tokens)}, "merges": []}
    text = json.dumps({"version": "1.0", "model": vocabulary, "added_tokens": []})
    base = random_weights(0, tied=False)
    drawn = random_weights(seed, base, tied=False) if seed else base
    kept = {name: t[: 14 + len(added)] if len(t) == ROWS else t for name, t in drawn.items()}
    write_checkpoint(folder, kept, vocab_size=14 + len(added))
    (folder / "tokenizer.json").write_text(text)
    tokenizer = LlamaTokenizerFast(tokenizer_object=Tokenizer.from_str(text))
    tokenizer.add_tokens(list(added))
    tokenizer.save_pretrained(folder)
    return folder


TOKENS: dict[str, dict[str, Any]] = {
    "forced": {"t4": {"source": "chat", "force": True}, "t5": {"source": "plain", "force": True}},
    "of another token": {
        "t6": {"source": {"kind": "model_token", "model": "chat", "token_id": 14}, "force": True},
        "t7": {"source": {"kind": "model_token", "model": "plain", "token": "t3"}, "force": True},
    },
    "added": {
        "<start>": {"source": {"kind": "zero"}},
        "<new>": {"source": {"kind": "model_token", "model": "plain", "token": "t9"}},
        "<void>": {"source": {"kind": "zero"}},
    },
}


def test_rows_are_mergekits(tmp_path: Path) -> None:
    folders = {"plain": model(tmp_path / "plain", 0), "chat": model(tmp_path / "chat", 1, "<start>", "<end>")}
    jobs, outs = list[dict[str, Any]](), dict[str, Path]()
    for place, (name, tokens) in enumerate(TOKENS.items()):
        # mergekit cannot add a token to its base's own vocabulary: KeyError
        for source in ("union",) if name == "added" else ("base", "union"):
            asked = json.dumps({
                "merge_method": "linear", "base_model": "plain", "dtype": "float32",
                "models": [{"model": m, "parameters": {"weight": 1.0}} for m in folders],
                "tokenizer": {"source": source, "tokens": tokens},
            })  # fmt: skip
            for m, folder in folders.items():
                asked = asked.replace(f'"{m}"', json.dumps(str(folder)))
            outs[f"{name}, {source}"] = tmp_path / f"{place}-{source}"
            jobs.append({"recipe": json.loads(asked), "out": str(tmp_path / f"{place}-{source}"), "seed": 1})
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    command = [str(MERGEKIT), str(Path(__file__).with_name("mergekit_runner.py")), str(tmp_path / "jobs.json")]
    subprocess.run(command, check=True, capture_output=True)
    for (name, theirs), job in zip(outs.items(), jobs, strict=True):
        assert not (theirs / "error.txt").exists(), (theirs / "error.txt").read_text()
        ours = theirs.with_name(f"{theirs.name}-ours")
        merge_checkpoints(MergeRecipe.parse(job["recipe"], name), {}, ours)
        assert ids(ours) == ids(theirs), name
        found, expected = weights_of(ours), weights_of(theirs)
        for tensor in ("model.embed_tokens.weight", "lm_head.weight"):
            torch.testing.assert_close(found[tensor], expected[tensor], msg=f"{name}: {tensor}")


def ids(folder: Path) -> dict[str, int]:
    found = json.loads((folder / "tokenizer.json").read_text())
    return dict(found["model"]["vocab"]) | {token["content"]: token["id"] for token in found["added_tokens"]}
