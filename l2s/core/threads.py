"""How many threads work is shared among where nobody says, and where it must be one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def default_threads() -> int:
    """One a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Threads cut a sum into as many parts as there are, and each cut rounds in its own way: bytes would differ."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
