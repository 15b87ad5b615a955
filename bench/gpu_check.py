"""What a CPU cannot show: ``python -m bench.gpu_check``, at most eight minutes on one large GPU.

Merging on CUDA against the CPU's bytes; vLLM on CUDA against transformers; 20 steps of SFT and 5 of GRPO through TRL on
a random model of half a billion weights; an engine that is given other weights and the first ones again. What is not
installed is skipped, and without a GPU there is nothing to do. Exit codes: 0 nothing failed; 1 something did.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from l2s import api
from l2s.benchmarks import BenchmarkParams, TrainingProblems, write_problems
from l2s.core.digests import digest_file
from l2s.family.model import fresh_model
from l2s.family.settings import FamilySettings
from l2s.family.tokenizer import build_tokenizer
from l2s.records import read_rows

MODELS = Path(__file__).resolve().parent.parent / "data" / "models"
SCALED = FamilySettings(hidden_size=1280, intermediate_size=5120, layers=20, heads=20, key_value_heads=4)
"""About half a billion weights, with the family's words."""
TIES = {"weight": 1.0, "density": 0.5}
console = Console(width=None if sys.stdout.isatty() else 110)


class Failed(Exception):
    """A check found something wrong."""


def main() -> int:
    """Run the checks, print the table; the exit code."""
    if not torch.cuda.is_available():
        console.print("no GPU here: make gpu-check has nothing to check")
        return 0
    found = list(outcomes())
    table = Table("check", "outcome", "found", "seconds", box=None, title=torch.cuda.get_device_name())
    for row in found:
        table.add_row(*row)
    console.print(table)
    return int(any(outcome == "failed" for _, outcome, _, _ in found))


def outcomes(device: str = "cuda") -> Iterator[tuple[str, str, str, str]]:
    """What came of each check: its name, how it ended, what it found and how long it took."""
    for name, package, check in CHECKS:
        if find_spec(package) is None:
            yield name, "skipped", f"{package} is not installed", ""
            continue
        console.print(f"{name} …")
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="l2s-gpu-") as folder:
            try:
                outcome, said = "passed", check(Path(folder), device)
            except Exception as error:  # the other checks are still worth a look
                outcome, said = "failed", f"{type(error).__name__}: {error}"
        yield name, outcome, said, f"{time.perf_counter() - began:.0f}"


def merging(folder: Path, device: str) -> str:
    """Two merges, on both devices."""
    same = list[str]()
    for method in ("linear", "ties"):
        recipe: dict[str, Any] = {"merge_method": method, "dtype": "bfloat16", "models": [
            {"model": str(MODELS / name), "parameters": TIES if method == "ties" else {"weight": 0.5}}
            for name in ("quick", "slow")]}  # fmt: skip
        recipe |= {"base_model": str(MODELS / "base")} if method == "ties" else {}
        for place in ("cpu", device):
            api.merge(
                recipe,
                folder / f"{method}-{place}",
                device=place,
            )
        digests = {digest_file(folder / f"{method}-{place}" / "model.safetensors") for place in ("cpu", device)}
        same += [method] if len(digests) == 1 else []
    if len(same) < 2:
        raise Failed(f"the CPU's bytes for {', '.join(same) or 'none'} of linear and ties")
    return "the CPU's bytes for linear and ties"


def engines(folder: Path, device: str) -> str:
    """Greedy responses of slow, by both engines."""
    write_problems("test", BenchmarkParams(source="arithmetic", per_level=20), folder / "test.jsonl")
    texts = dict[str, list[str]]()
    for engine in ("transformers", "vllm"):
        out = folder / f"{engine}.jsonl"
        api.generate(MODELS / "slow", folder / "test.jsonl", out, engine=engine, device=device, max_tokens=420,
                     store=folder / "store")  # fmt: skip
        texts[engine] = [row["response"] for row in read_rows(out)]
    alike = sum(one == other for one, other in zip(texts["transformers"], texts["vllm"], strict=True))
    if alike < 0.9 * len(texts["vllm"]):
        raise Failed(f"{alike} of {len(texts['vllm'])} responses are the same")
    return f"{alike} of {len(texts['vllm'])} responses are the same"


def training(folder: Path, device: str, method: str, block: dict[str, Any]) -> str:
    """A few steps on a random model."""
    torch.manual_seed(0)
    model = fresh_model(SCALED).to(torch.bfloat16)
    model.save_pretrained(folder / "model")
    build_tokenizer().save_pretrained(folder / "model")
    write_problems("train", TrainingProblems(per_level=64), folder / "problems.jsonl")
    rows = [
        {**row, "sample": 0, "prompt": "", "response": f" The answer is \\boxed{{{row['gold']}}}.", "correct": True,
         "finish": "stop", "tokens": 8}
        for row in read_rows(folder / "problems.jsonl")
    ]  # fmt: skip
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    problems = {"source": "jsonl", "path": str(folder / "problems.jsonl")}
    data = {"kind": "shortest", "samples": str(folder / "samples.jsonl")}
    settings = {"method": method, "model": str(folder / "model"), **block}
    settings |= {"data": data} if method == "sft" else {"problems": problems}
    manifest = api.train(settings, folder / "out", device=device, engine="transformers", work=folder / "work")
    losses = [json.loads(line)["loss"] for line in (folder / "out" / "history.jsonl").read_text().splitlines()]
    if len(losses) != manifest["steps"] or not all(map(torch.isfinite, torch.tensor(losses))):
        raise Failed(f"losses {losses}")
    size, memory = sum(one.numel() for one in model.parameters()), torch.cuda.max_memory_allocated()
    return (
        f"{size / 1e9:.2f} B weights, {manifest['steps']} steps, loss {losses[0]:.3f} to {losses[-1]:.3f}, "
        f"{manifest['seconds']:.0f} s, {memory / 1e9:.1f} GB"
    )


def sft(folder: Path, device: str) -> str:
    """20 steps of SFT."""
    return training(folder, device, "sft", {"epochs": 1, "batch_size": 16, "learning_rate": 1e-4})


def grpo(folder: Path, device: str) -> str:
    """5 steps of GRPO."""
    reward = {"kind": "tldr", "length_scale": 64}
    return training(
        folder, device, "grpo", {"reward": reward, "steps": 5, "prompts": 8, "samples": 8, "max_tokens": 64}
    )


def reloading(folder: Path, device: str) -> str:
    """The weights of slow, of quick, and of slow again, in one engine."""
    from safetensors.torch import load_file

    from l2s.generation.controls.kinds.none import NoControl
    from l2s.generation.engines.transformers.engine import TransformersEngine
    from l2s.generation.prompts.prompt import Prompt
    from l2s.generation.settings import PromptParams, SamplingParams

    write_problems("test", BenchmarkParams(source="arithmetic", per_level=4), folder / "test.jsonl")
    engine, found = TransformersEngine(MODELS / "slow", device), list[list[list[int]]]()
    rows = read_rows(folder / "test.jsonl")
    prompts = [Prompt("test", row["id"], 0, *engine.words.prompt(row["problem"], PromptParams())[1:]) for row in rows]
    for name in ("slow", "quick", "slow"):
        engine.model.load_state_dict(load_file(MODELS / name / "model.safetensors"), strict=False)
        outs = engine.generate(prompts, SamplingParams(max_tokens=200), NoControl(), PromptParams())
        found.append([one.ids for one in sorted(outs, key=lambda one: one.index)])
    if found[0] != found[2] or found[0] == found[1]:
        raise Failed("the first weights do not give their responses again")
    return f"{len(rows)} responses: other weights others, the first weights the same"


CHECKS: tuple[tuple[str, str, Callable[[Path, str], str]], ...] = (
    ("merging on CUDA", "safetensors", merging),
    ("vLLM against transformers", "vllm", engines),
    ("SFT through TRL", "trl", sft),
    ("GRPO through TRL", "trl", grpo),
    ("weights reloaded in an engine", "transformers", reloading),
)

if __name__ == "__main__":
    raise SystemExit(main())
