"""Other weights for a running vLLM: one order, in which nothing of the old ones stays.

vLLM reads the folder and processes each layer as at its start. Two things it leaves: the blocks of its prefix cache,
which hold keys and values of the old weights, and, on its CPU build, the head of a model whose head is its embedding:
that head multiplies by a packed copy, and no stored weight bears its name.
"""

from pathlib import Path
from typing import Any

from torch import nn
from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead, VocabParallelEmbedding

from l2s.core.errors import EngineError, line_of


def reload_weights(engine: Any, folder: Path, digest: str, *, packed_tied_head: bool) -> None:
    """Give a running engine the weights in ``folder``; between responses.

    Args:
        engine: vLLM's.
        folder: of the new weights.
        digest: of the model there, which vLLM keeps as the version of its weights.
        packed_tied_head: the head is the embedding, and packed.

    Raises:
        EngineError: vLLM cannot; what it holds now is nothing to answer with.
    """
    try:
        engine.collective_rpc("reload_weights", kwargs={"weights_path": str(folder)})
        if packed_tied_head:
            engine.apply_model(pack_tied_head)  # a function travels within one process, as vLLM runs on a CPU
    except (ValueError, RuntimeError, OSError, KeyError, AssertionError, NotImplementedError) as error:
        raise EngineError(f"vLLM does not take other weights: {line_of(error, -1)}") from error
    if not engine.reset_prefix_cache():
        raise EngineError("vLLM does not take other weights: its prefix cache is in use")
    engine.set_weight_version(digest)


def pack_tied_head(model: nn.Module) -> None:
    """Pack the embedding, as it is now, for the head."""
    tables = [module for module in model.modules() if isinstance(module, VocabParallelEmbedding)]
    heads = [module for module in tables if isinstance(module, ParallelLMHead)]
    if len(heads) != 1 or len(tables) != 2:
        raise ValueError(f"{len(heads)} heads and {len(tables) - len(heads)} embeddings, where one of each is known")
    (head,) = heads
    (embedding,) = (module for module in tables if module is not head)
    head.weight = embedding.weight
    head.quant_method.process_weights_after_loading(head)
