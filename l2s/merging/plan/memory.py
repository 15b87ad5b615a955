"""How much memory a merge takes, and how many threads that leaves room for."""

import math
import re
from collections.abc import Sequence

from l2s.core.errors import ConfigError
from l2s.core.threads import default_threads
from l2s.merging.ops.selection import SAMPLE, SPREAD
from l2s.merging.plan.pieces import Span, spans
from l2s.merging.recipe import MergeRecipe

PROGRAM = 420_000_000
"""Bytes of the interpreter and the libraries, anonymous ones."""
TEMPORARIES = 8
"""float32 copies of a piece besides models, task vectors and summands."""

Shapes = Sequence[tuple[int, ...]]


SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?")


def parse_size(text: str) -> int:
    """Bytes of ``4GB``, ``1.5GiB`` or ``800000000``.

    Raises:
        ConfigError: it says no size.
    """
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"--max-memory: found '{text}', expected a size such as 4GB, 1.5GiB or 800MB")
    number, prefix, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " "))


def affordable_threads(recipe: MergeRecipe, shapes: Shapes, threads: int | None, max_bytes: int | None) -> int:
    """The threads asked for (default: one a core), or as many as ``max_bytes`` bytes have room for.

    Raises:
        ConfigError: there is not even room for one.
    """
    wanted = threads or default_threads()
    if max_bytes is None:
        return wanted
    fitting = [count for count in range(1, wanted + 1) if predict_memory(recipe, shapes, count) <= max_bytes]
    if not fitting:
        raise ConfigError(
            f"--max-memory: {max_bytes:,} bytes are too few: {recipe.merge_method} takes about "
            f"{predict_memory(recipe, shapes, 1):,} for these models, even with one thread; allow more"
        )
    return fitting[-1]


def predict_memory(recipe: MergeRecipe, shapes: Shapes, threads: int) -> int:
    """Bytes of anonymous memory at the peak; files that are mapped do not count, they give way.

    Args:
        recipe: the merge.
        shapes: of the tensors that are written.
        threads: tensors at a time.
    """
    method, count = recipe.method, len(recipe.model_names())
    pieces = max(_piece(shape, method.pieces == "short") for shape in shapes)
    each = 4 * pieces * (3 * count + 1 + TEMPORARIES)
    own = sorted((method.memory(shape, count) for shape in shapes), reverse=True) if method.memory else []
    return PROGRAM + threads * each + sum(own[:threads]) + _selection(recipe, shapes, count, threads)


def _piece(shape: tuple[int, ...], short: bool) -> int:
    """Entries of a weight's largest piece."""
    span = next(iter(spans(shape, short)), Span(0, 0))
    across = shape[0] if span.columns else math.prod(shape[1:])
    return (span.stop - span.start) * across


def _selection(recipe: MergeRecipe, shapes: Shapes, count: int, threads: int) -> int:
    """What a search for a cut holds: a sample, and what lies within four deviations of the cut."""
    if recipe.method.measure is None:
        return 0
    sizes = sorted((math.prod(shape) for shape in shapes), reverse=True)
    together = [sum(sizes)] if recipe.parameters.get("scope") == "global" else sizes[:threads]
    return sum(4 * count * 2 * (_sample(n) + int(4.5 * n / math.sqrt(_sample(n)))) for n in together if n)


def _sample(entries: int) -> int:
    return entries if entries <= 8 * SAMPLE else max(SAMPLE, entries // SPREAD)
