"""The benchmark of generation: ``python -m bench.generation``.

The slow embedded model answers the same problems, greedily and in float32, in three ways: by our decoding
loop on transformers, by transformers' own ``generate`` in padded batches (as large as ours, and of 32, which
suits a processor's caches better; our loop is held against the faster), and by vLLM where it is installed.
Each run is a process of its own; the ways take turns, so that they share the machine's noise. The clock runs
from the first prompt to the last response; loading is shown apart. With one thread the CPU seconds tell what
an idle machine would take. The problems are in random order, so that
a padded batch holds the mix of lengths that the model produces. Exit codes: 0 our loop is at least twice as
fast as padded batches; 1 it is not, or a run failed; 2 bad usage.
"""

import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from l2s.benchmarks.arithmetic import problem_rows
from l2s.core.files import write_json
from l2s.generation.controls.kinds.none import NoControl
from l2s.generation.engines.engine import Engine
from l2s.generation.engines.load import load_engine
from l2s.generation.engines.vllm.environment import build
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams, PromptParams, SamplingParams

TARGET = 2.0
"""Our loop's throughput over that of padded batches, at least."""
OURS, PADDED, SMALL, VLLM = "transformers engine", "padded generate", "padded generate by 32", "vLLM (CPU build)"
FEW = 32
out, err = Console(width=None if sys.stdout.isatty() else 110), Console(stderr=True)


@dataclass(frozen=True)
class Run:
    """One run of one way."""

    way: str
    responses: int
    tokens: int
    load_seconds: float
    seconds: float
    cpu_seconds: float
    digest: str
    """Of all token ids: the ways should agree."""

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Tokens a CPU second."""
        return self.tokens / self.cpu_seconds


def main(
    problems: Annotated[int, typer.Option(min=5, help="How many, a multiple of 5.")] = 500,
    rows: Annotated[int, typer.Option(min=1, help="In a batch.")] = 128,
    runs: Annotated[int, typer.Option(min=1, help="Of each way; medians are shown.")] = 3,
    threads: Annotated[int, typer.Option(min=1, help="Of each way.")] = 1,
    max_tokens: Annotated[int, typer.Option(min=1)] = 420,
    model: Annotated[Path, typer.Option(help="Model folder.")] = Path("data/models/slow"),
    json_out: Annotated[Path | None, typer.Option("--json", help="Write every run there.")] = None,
    way: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure the ways to generate against each other."""
    if problems % 5:
        raise typer.BadParameter("take a multiple of 5: the problems have five levels")
    if way is not None:
        print(json.dumps(asdict(_measured(way, problems, rows, threads, max_tokens, model))))
        return
    ways = [OURS, PADDED, *([SMALL] if rows > FEW else []), *([VLLM] if (build() or ("", ""))[1] == "cpu" else [])]
    found: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(runs):
        for name in ways:
            run = _run(name, sys.argv[1:], threads)
            found[name].append(run)
            err.print(f"{name}, run {number + 1}: {run.rate:,.0f} tokens/s", highlight=False)
    held = _show(found, rows)
    if json_out:
        write_json(json_out, {"machine": _machine(), "runs": [asdict(run) for name in ways for run in found[name]]})
    if not held:
        raise typer.Exit(1)


def _run(way: str, arguments: list[str], threads: int) -> Run:
    """Measure one way of generating, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "bench.generation", *arguments, "--way", way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        err.print(f"{way} failed: {done.stderr.strip().splitlines()[-1:]}", style="red", highlight=False, markup=False)
        raise typer.Exit(1)
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def _measured(way: str, problems: int, rows: int, threads: int, max_tokens: int, model: Path) -> Run:
    started = time.perf_counter()
    start = {OURS: _ours, PADDED: _padded, SMALL: _padded, VLLM: _vllm}[way]
    generate = start(model, FEW if way == SMALL else rows, threads, max_tokens)
    texts = [row["problem"] for row in problem_rows("bench", 0, "test", problems // 5)]
    random.Random(0).shuffle(texts)
    loaded, spent = time.perf_counter(), time.process_time()
    ids = generate(texts)
    ended, spent = time.perf_counter(), time.process_time() - spent
    digest = hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:12]
    return Run(way, len(ids), sum(map(len, ids)), loaded - started, ended - loaded, spent, digest)


Generate = Callable[[list[str]], list[list[int]]]


def _ours(model: Path, rows: int, threads: int, max_tokens: int) -> Generate:
    import torch

    engine = load_engine(model, DecodingParams(engine="transformers", max_batch_size=rows))
    torch.set_num_threads(threads)
    return lambda texts: _by(engine, texts, max_tokens)


def _vllm(model: Path, rows: int, threads: int, max_tokens: int) -> Generate:
    engine = load_engine(model, DecodingParams(engine="vllm", max_batch_size=rows, threads=threads))
    _by(engine, ["Start."], max_tokens)
    return lambda texts: _by(engine, texts, max_tokens)


def _by(engine: Engine, texts: list[str], max_tokens: int) -> list[list[int]]:
    style, sampling = PromptParams(), SamplingParams(max_tokens=max_tokens)
    prompts = [Prompt("bench", str(place), 0, engine.words.prompt(text, style)[1]) for place, text in enumerate(texts)]
    done = {one.index: one.ids for one in engine.generate(prompts, sampling, NoControl(), style)}
    return [done[place] for place in range(len(texts))]


def _padded(model: Path, rows: int, threads: int, max_tokens: int) -> Generate:
    """What one writes without an engine: left-padded batches, each as long as its longest response."""
    import torch
    from transformers import AutoModelForCausalLM

    from l2s.generation.prompts.tokenizer import ModelTokenizer

    torch.set_num_threads(threads)
    words = ModelTokenizer(model)
    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    pad, stops = min(words.stops), sorted(words.stops)

    def generate(texts: list[str]) -> list[list[int]]:
        prompts, found = [words.prompt(text, PromptParams())[1] for text in texts], []
        for start in range(0, len(prompts), rows):
            batch = prompts[start : start + rows]
            width = max(map(len, batch))
            ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in batch])
            mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in batch])
            with torch.inference_mode():
                done = network.generate(
                    input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=max_tokens,
                    pad_token_id=pad, eos_token_id=stops,
                )  # fmt: skip
            found += [_to_the_stop(response, words.stops) for response in done[:, width:].tolist()]
        return found

    return generate


def _to_the_stop(ids: list[int], stops: frozenset[int]) -> list[int]:
    end = next((place for place, token in enumerate(ids) if token in stops), len(ids) - 1)
    return ids[: end + 1]


def _show(found: dict[str, list[Run]], rows: int) -> bool:
    """Print the table and the verdict; say whether the target is met."""
    rates = {way: statistics.median(run.rate for run in runs) for way, runs in found.items()}
    best = max((way for way in rates if way in (PADDED, SMALL)), key=rates.__getitem__)
    table = Table(title=f"{found[OURS][0].responses} responses, batches of {rows}; {_machine()}", title_justify="left")
    for column in ("", "tokens/s", "lowest", "highest", "over padded", "tokens/CPU s", "load, s", "ids as ours"):
        table.add_column(column, justify="right" if column else "left")
    for way, runs in found.items():
        each = [run.rate for run in runs]
        same = all(run.digest == found[OURS][0].digest for run in runs)
        numbers = (rates[way], min(each), max(each), statistics.median(run.cpu_rate for run in runs))
        rate, low, high, cpu = (f"{number:,.0f}" for number in numbers)
        load = f"{statistics.median(run.load_seconds for run in runs):.1f}"
        table.add_row(way, rate, low, high, f"{rates[way] / rates[best]:.2f}", cpu, load, "yes" if same else "no")
    out.print(table)
    times = rates[OURS] / rates[best]
    word = "[green]PASS[/green]" if times >= TARGET else "[red]MISS[/red]"
    out.print(f"{word} our loop over the faster padded batches: {times:.2f} times (at least {TARGET})", highlight=False)
    if VLLM in rates:
        out.print(f"as measured: vLLM over our loop {rates[VLLM] / rates[OURS]:.2f} times", highlight=False)
    return times >= TARGET


def _machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    typer.run(main)
