"""A vLLM engine that swaps weights as vLLM alone does; copies import this module, and vLLM none that loads Numba."""

from pathlib import Path

from l2s.generation.engines.engine import Weights
from l2s.generation.engines.vllm.engine import VllmEngine


class KeepsItsHead(VllmEngine):
    """The head stays packed as it was where it is the embedding."""

    def reload(self, weights: Weights, digest: str, *, proven: bool = False) -> None:
        assert isinstance(weights, Path)
        if self._runner is not None:
            self._runner.engine.collective_rpc("reload_weights", kwargs={"weights_path": str(weights)})
            self._runner.engine.reset_prefix_cache()
