"""Every merge method: one import line each."""

from l2s.merging import dare, linear, task_arithmetic, ties
from l2s.merging.method import METHODS, MergeMethod, find_method

__all__ = ["METHODS", "MergeMethod", "dare", "find_method", "linear", "task_arithmetic", "ties"]
