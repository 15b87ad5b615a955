"""Which GPUs the processes see that have an engine each."""

import os

from l2s.core.errors import EngineError

GPUS = "CUDA_VISIBLE_DEVICES"


def share_gpus(device: str, each: int, engines: int, what: str) -> list[str]:
    """Share out the GPUs that this process sees, from the one that ``device`` names (``cuda:1``; ``cuda``: the first).

    Args:
        device: of the first.
        each: GPUs of an engine.
        engines: how many there are.
        what: asks for so many, in words.

    Returns:
        For each engine the GPUs that its process is to see, as CUDA_VISIBLE_DEVICES names them.

    Raises:
        EngineError: there are too few.
    """
    import torch

    named = os.environ.get(GPUS)
    found = named.split(",") if named else [str(place) for place in range(torch.cuda.device_count())]
    first = int(device.partition(":")[2] or 0)
    found = found[first:]
    needed = each * engines
    if len(found) < needed:
        raise EngineError(
            f"{what} takes {needed} GPU{'s' if needed > 1 else ''}, and {len(found)} are visible from {device} on; "
            "ask for fewer"
        )
    return [",".join(found[start : start + each]) for start in range(0, needed, each)]
