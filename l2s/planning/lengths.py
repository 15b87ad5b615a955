"""How many questions a benchmark has, and how long the answers will be: measured, published, or at most."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from l2s.planning.work import Lengths

QUESTIONS: Mapping[str, int] = {
    "gsm8k": 1319, "math500": 500, "minervamath": 272, "minerva": 272, "olympiadbench": 675, "collegemath": 2818,
    "aime24": 30, "aime2024": 30, "aime25": 30, "aime2025": 30,
}  # fmt: skip
"""Published sizes, as arXiv:2503.20641 uses them."""
MEAN_TOKENS: Mapping[str, tuple[float, float]] = {
    "gsm8k": (130.2, 1062.0), "math500": (526.2, 2825.9), "minervamath": (956.7, 3055.9),
    "minerva": (956.7, 3055.9), "olympiadbench": (1259.2, 5793.8), "collegemath": (794.8, 2461.6),
    "aime24": (1528.0, 8675.4), "aime2024": (1528.0, 8675.4),
}  # fmt: skip
"""Tokens of Qwen2.5-Math-7B's and DeepSeek-R1-Distill-Qwen-7B's responses (arXiv:2503.20641, table 1)."""


def questions_of(name: str, params: Any, data: Path | None) -> int:
    """How many questions a benchmark has: as many as are there, else were asked for, else were published."""
    from l2s.records import numbered_lines

    limit = params.limit
    for file in (data / "benchmarks" / f"{name}.jsonl" if data else None, params.path):
        if file is not None and file.is_file():
            count = sum(1 for _ in numbered_lines(file))
            return min(count, limit or count)
    count = params.drawn if params.source == "arithmetic" else QUESTIONS.get(_plain(name), limit or 1000)
    return min(count, limit or count)


def expected_lengths(
    config: Any, run: str, data: Path | None, assume: Callable[[str], None], context: int | None
) -> dict[str, Lengths]:
    """Lengths of a run's responses by benchmark.

    Args:
        config: :class:`l2s.config.Config`.
        run: its name.
        data: the folder with the responses of past runs; None if they are not of this configuration.
        assume: is told what this rests on.
        context: of the run's model.
    """
    most, limit = longest(config.decoding_of(run).sampling.max_tokens, context)
    measured = _measured(data / "responses" / f"{run}.jsonl") if data else {}
    found = {}
    for name in config.measured():
        if name in measured:
            assume("lengths: as the run's last responses, where there are any")
            found[name] = measured[name]
            continue
        published = MEAN_TOKENS.get(_plain(name))
        quick = config.runs[run].model in (f"models/{config.analysis.quick}", "models/base")
        if published is not None:
            assume(
                "lengths: the 7B models' of arXiv:2503.20641, table 1, a merge as long as the slow model; spread as 1/e"
            )
            found[name] = Lengths.assumed(published[0 if quick else 1], most)
        else:
            assume(limit)
            found[name] = Lengths.all_of([most])
    return found


def longest(max_tokens: int, context: int | None) -> tuple[int, str]:
    """The most tokens that a response can have, and what is said where no more is known of its length."""
    short = context is not None and context < max_tokens
    most, limit = (context, "the model's context") if short and context else (max_tokens, "max_tokens")
    return most, f"lengths: up to {limit} ({most}) where nothing is known, which is the most they can be"


def expected_answers(
    config: Any, run: str, data: Path | None, assume: Callable[[str], None], context: int | None
) -> Lengths:
    """Lengths of a run's responses to problems that it was not asked yet: as to those of its benchmarks together."""
    found = list(expected_lengths(config, run, data, assume, context).values())
    return Lengths(sum(one.mean for one in found) / len(found), sum(one.square for one in found) / len(found))


def expected_samples(
    params: Any, name: str, data: Path | None, assume: Callable[[str], None], context: int | None
) -> dict[str, Lengths]:
    """Lengths of responses that a training learns from, by what their problems are known as.

    Args:
        params: :class:`l2s.sampling.settings.SampleParams`.
        name: of the samples.
        data: the folder with what past runs sampled; None if it is not of this configuration.
        assume: is told what this rests on.
        context: of the model that is sampled.
    """
    (most, limit), problems = longest(params.max_tokens, context), params.problems.named
    measured = _measured(data / "samples" / f"{name}.jsonl") if data else {}
    if problems in measured:
        assume("lengths: as what was sampled last, where there is any")
    else:
        assume(limit)
    return {problems: measured.get(problems, Lengths.all_of([most]))}


def _measured(responses: Path) -> dict[str, Lengths]:
    from l2s.records import read_rows

    if not responses.is_file():
        return {}
    tokens: dict[str, list[int]] = {}
    for row in read_rows(responses):
        tokens.setdefault(row["benchmark"], []).append(row["tokens"])
    return {name: Lengths.all_of(counts) for name, counts in tokens.items()}


def _plain(name: str) -> str:
    """A benchmark's name without what tells spellings apart, e.g. ``MATH-500`` as ``math500``."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
