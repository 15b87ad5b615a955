"""How many responses fit into memory at once: their keys and values are what grows."""

from l2s.core.errors import EngineError

SHARE = 4
"""Keys and values take no more than what is free divided by this: moving rows holds two copies for a moment,
and the model's own arithmetic needs room."""


def rows_that_fit(bytes_of_one: int, length: int, free: int, max_rows: int) -> int:
    """Rows, 1 to ``max_rows``, that may all grow to ``length`` tokens with ``free`` bytes of memory.

    Args:
        bytes_of_one: keys and values of one token.

    Raises:
        EngineError: not even one response fits.
    """
    one = bytes_of_one * length
    if one > free // SHARE:
        raise EngineError(
            f"one response of {length} tokens takes {one / 1e9:.1f} GB of keys and values, and {free / 1e9:.1f} GB "
            f"of memory are free, of which no more than a quarter may go to them; lower max_tokens"
        )
    return min(max_rows, free // SHARE // one)


def free_memory(device: str) -> int:
    """Bytes that this process may still take on ``device``."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)


def ran_out(error: BaseException) -> bool:
    """The error says that memory could not be had, on a GPU or a CPU."""
    import torch

    named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return named or (isinstance(error, RuntimeError) and "can't allocate memory" in str(error))
