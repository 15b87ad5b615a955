"""Which engine runs a model: found by name and imported only when it is asked for.

Nothing here imports an engine, so that what one engine does stands in its own folder alone: a change of vLLM's files
is no change of what the transformers engine generates. Every engine's module ``engine`` has a function ``load``.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from l2s.core.devices import refuse_device
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
        ConfigError: no such device.
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
