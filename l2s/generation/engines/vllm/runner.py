"""Starting and stopping vLLM inside this process, which is its own: bounded memory and threads, and quiet."""

import weakref
from pathlib import Path
from typing import Any, NamedTuple

from l2s.core.errors import EngineError, line_of
from l2s.generation.engines.memory import free_memory, rows_that_fit
from l2s.generation.engines.vllm.environment import prepare_environment, quiet, undone
from l2s.generation.engines.vllm.support import bytes_a_token

prepare_environment()  # before the imports below, which read it

import torch  # noqa: E402

BLOCK = 32
"""Tokens in a block of vLLM's cache on a CPU; a round re-reads what does not fill one."""
FLOAT32 = 4


class Shape(NamedTuple):
    """What vLLM is started for."""

    context: int
    """The largest number of tokens of a prompt and its response together."""
    rows: int
    """The largest number of responses at once."""
    threads: int
    """Threads of the CPU."""
    tensor_parallel_size: int
    """GPUs that share one model."""


class Runner:
    """A running vLLM engine."""

    def __init__(self, path: Path, config: Any, device: str, shape: Shape) -> None:
        """Start it.

        Raises:
            EngineError: vLLM does not start; its reason is in the sentence.
        """
        self.shape = shape
        settings = _settings(path, config, device, shape)
        try:
            with undone(), quiet():
                torch.set_num_threads(shape.threads)
                self.engine: Any = _engine(settings)
        except (ValueError, RuntimeError, OSError, ImportError, KeyError, AssertionError, NotImplementedError) as error:
            raise EngineError(
                f"{path}: vLLM does not start: {line_of(error, -1)}; engine 'transformers' may run this model"
            ) from error
        self._end = weakref.finalize(self, _stop, self.engine)

    def close(self) -> None:
        """Stop the engine and give its memory back; done at the end of the process otherwise."""
        self.engine = None
        self._end()


def _settings(path: Path, config: Any, device: str, shape: Shape) -> dict[str, Any]:
    common = {
        "model": str(path), "max_model_len": shape.context, "max_num_seqs": shape.rows, "skip_tokenizer_init": True,
        "generation_config": "vllm", "enable_prefix_caching": True, "disable_log_stats": True, "max_logprobs": -1,
        "use_tqdm_on_load": False, "logits_processors": ["l2s.generation.engines.vllm.steering:RaiseClose"], "seed": 0,
        "trust_remote_code": False,
    }  # fmt: skip
    if device != "cpu":
        return {**common, "dtype": "auto", "tensor_parallel_size": shape.tensor_parallel_size}
    return {
        **common,
        "dtype": "float32",
        "enforce_eager": True,  # compiling takes longer than most runs
        "block_size": BLOCK,
        "kv_cache_memory_bytes": cache_bytes(config.get_text_config(), shape, free_memory(device)),
    }


def cache_bytes(config: Any, shape: Shape, free: int) -> int:
    """Bytes for keys and values in float32: of all rows at their longest, or of as many as memory allows.

    Raises:
        EngineError: not even one response fits.
    """
    length = -(-shape.context // BLOCK) * BLOCK
    rows = rows_that_fit(bytes_a_token(config, FLOAT32), length, free, shape.rows)
    return bytes_a_token(config, FLOAT32) * ((rows + 1) * length + BLOCK)


def _engine(settings: dict[str, Any]) -> Any:
    from vllm.engine.arg_utils import EngineArgs
    from vllm.v1.engine.llm_engine import LLMEngine

    return LLMEngine.from_engine_args(EngineArgs(**settings))


def _stop(engine: Any) -> None:
    from vllm.distributed import cleanup_dist_env_and_memory

    engine.engine_core.shutdown()
    cleanup_dist_env_and_memory()
