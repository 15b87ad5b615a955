"""Long-to-short reasoning: merge a quick and a slow model, measure what the merge is worth.

What stands here is documented in docs/api.md and imported when it is first used, so that ``import l2s`` takes no
torch. Type checkers read ``__init__.pyi``.
"""

from importlib import import_module

from l2s.core.versions import __version__

_HOMES = {
    "analyse": "l2s.api",
    "calibrate": "l2s.api",
    "check": "l2s.api",
    "generate": "l2s.api",
    "grade": "l2s.api",
    "merge": "l2s.api",
    "sample": "l2s.api",
    "search_recipe": "l2s.api",
    "train": "l2s.api",
    "verify": "l2s.api",
    "ControlParams": "l2s.generation.controls.control",
    "L2SError": "l2s.core.errors",
    "Recipe": "l2s.merging.recipe:MergeRecipe",
}
"""The module of each name, and what it is called there if that differs."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    """A name of the public API, from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'l2s' has no attribute {name!r}")
    module, _, called = _HOMES[name].partition(":")
    globals()[name] = found = getattr(import_module(module), called or name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
