"""Devices: where arithmetic can be done, by torch's names."""

import re

from l2s.core.errors import ConfigError

DEVICE = re.compile(r"cpu|cuda(?::[0-9]{1,3})?")


def device_problem(device: str) -> str | None:
    """Why nothing can be computed on a device of this name here; None if it can."""
    if not DEVICE.fullmatch(device):
        return f"'{device:.60}' is no device; expected cpu, cuda, or cuda:N for one GPU of several"
    if device == "cpu":
        return None
    import torch

    if int(device.partition(":")[2] or 0) < torch.cuda.device_count():
        return None
    return f"torch {torch.__version__} sees no {device} here; take cpu, or a build of torch for this machine's GPUs"


def refuse_device(device: str) -> None:
    """Refuse a device that is none, or that is not here.

    Raises:
        ConfigError: says which of the two.
    """
    if wrong := device_problem(device):
        raise ConfigError(f"device: {wrong}")
