"""Which engine runs a model: found by name and imported only when it is asked for.

Nothing here imports an engine, so that what one engine does stands in its own folder alone: a change of vLLM's files
is no change of what the transformers engine generates. Every engine's module ``engine`` has a function ``load``.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from l2s.core.errors import EngineError
from l2s.core.params import nearest
from l2s.generation.settings import DecodingParams

if TYPE_CHECKING:  # importing it loads transformers, which who asks for the engines' names does not need
    from l2s.generation.engines.engine import Engine

MODULES = {
    "transformers": "l2s.generation.engines.transformers.engine",
    "vllm": "l2s.generation.engines.vllm.engine",
}
"""The module of each engine, by the engine's name."""
ENGINES = ("auto", *MODULES)
SUPPORT = "l2s.generation.engines.vllm.support"
"""The module that ``auto`` asks whether vLLM can run a model."""


def load_engine(model: Path, decoding: DecodingParams) -> "Engine":
    """Load ``model`` into the engine that the settings name; ``auto`` takes vLLM where it is here and can run it.

    Raises:
        CheckpointError: the folder cannot be read.
        EngineError: no such engine, or it cannot run this model here.
    """
    name, device = decoding.engine, decoding.device
    if name not in ENGINES:
        raise EngineError(f"engine '{name}' is not known{nearest(name, ENGINES)}")
    refuse_device(device)
    if name == "auto":
        name = "vllm" if import_module(SUPPORT).takes(model, device) else "transformers"
    engine: Engine = import_module(MODULES[name]).load(model, decoding)
    return engine


def refuse_device(device: str) -> None:
    """Refuse a device that is none, or that is not here.

    Raises:
        EngineError: it is not ``cpu``, ``cuda`` or ``cuda:N``, or torch has no such GPU.
    """
    import torch

    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (":" in device and (kind == "cpu" or not number.isdecimal())):
        raise EngineError(f"device {device!r}: expected cpu, cuda, or cuda:N for one GPU of several")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise EngineError(
            f"device {device}: torch {torch.__version__} sees {torch.cuda.device_count()} GPUs here; use cpu, or "
            "install a build of torch for this machine's GPUs"
        )
