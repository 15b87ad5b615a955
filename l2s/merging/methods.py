"""Every merge method: one import line each."""

from l2s.merging import (
    aim,
    breadcrumbs,
    dare,
    della,
    karcher,
    linear,
    lore,
    model_stock,
    nuslerp,
    sce,
    sens,
    slerp,
    task_arithmetic,
    ties,
    twin,
)
from l2s.merging.method import METHODS, MergeMethod, find_method

__all__ = [
    "METHODS",
    "MergeMethod",
    "aim",
    "breadcrumbs",
    "dare",
    "della",
    "find_method",
    "karcher",
    "linear",
    "lore",
    "model_stock",
    "nuslerp",
    "sce",
    "sens",
    "slerp",
    "task_arithmetic",
    "ties",
    "twin",
]  # fmt: skip
