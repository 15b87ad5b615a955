"""Every merge method, imported once so that it is registered."""

from l2s.merging import dare, linear, task_arithmetic, ties

__all__ = ["dare", "linear", "task_arithmetic", "ties"]
