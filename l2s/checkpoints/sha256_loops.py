"""The loops behind :mod:`l2s.checkpoints.sha256`: SHA-256 (FIPS 180-4) of two streams, by the processor's instructions.

Each of its steps waits for the one before, so that one stream leaves the processor idle half of the time; the steps
of two take turns. Of the eight words of a state, one vector holds A, B, E, F, the other C, D, G, H, the last one
first, as the instructions want them.
"""

from functools import partial
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from l2s import loops
from l2s.checkpoints.sha256 import BLOCK, CHUNK, STREAMS
from l2s.files import LINE
from l2s.loops import inner, read

Bytes = npt.NDArray[np.uint8]
States = npt.NDArray[np.uint32]

LOOPS: dict[str, Any] = {}
outer = partial(loops.outer, LOOPS)

WORD, ADDRESS = ir.IntType(32), ir.IntType(64)
FOUR = ir.VectorType(WORD, 4)
PAIR = range(STREAMS)


def _constant(numbers: list[int]) -> Any:
    return ir.Constant(FOUR, [ir.Constant(WORD, number) for number in numbers])


def _roots() -> list[int]:
    """The first 32 bits of the fractional parts of the cube roots of the first 64 primes."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, int(n**0.5) + 1))]
    return [_cube_root(prime << 96) & 0xFFFFFFFF for prime in primes[:64]]


def _cube_root(number: int) -> int:
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


ROOTS = _roots()
UPPER, NEXT = _constant([2, 3, 0, 0]), _constant([1, 2, 3, 4])
"""Orders of entries: the second half first; four from the second on, of two vectors."""


class _Instructions:
    """The processor's instructions, as LLVM calls them."""

    def __init__(self, builder: Any) -> None:
        names = {"rnds2": "x86.sha256rnds2", "msg1": "x86.sha256msg1", "msg2": "x86.sha256msg2", "swap": "bswap.v4i32"}
        counts = {"rnds2": 3, "msg1": 2, "msg2": 2, "swap": 1}
        self._builder = builder
        self._functions = {
            key: cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(FOUR, [FOUR] * counts[key]), f"llvm.{names[key]}"
            )
            for key in names
        }

    def __call__(self, name: str, *given: Any) -> Any:
        return self._builder.call(self._functions[name], given)


def _schedule(builder: Any, do: _Instructions, words: list[Any]) -> Any:
    """The next four words of a message's schedule."""
    last, before = words[-1], words[-2]
    sums = builder.add(do("msg1", words[-4], words[-3]), builder.shuffle_vector(before, last, NEXT))
    return do("msg2", sums, last)


def _one_block(builder: Any, do: _Instructions, places: list[Any], before: list[list[Any]]) -> list[list[Any]]:
    """The states after one block of each stream."""
    states, words = [list(state) for state in before], [list[Any]() for _ in PAIR]
    for step in range(16):
        for s in PAIR:
            if step < 4:
                words[s].append(do("swap", _load(builder, places[s], 16 * step)))
            else:
                words[s].append(_schedule(builder, do, words[s]))
        salted = [builder.add(words[s][step], _constant(ROOTS[4 * step : 4 * step + 4])) for s in PAIR]
        for s in PAIR:
            states[s][1] = do("rnds2", states[s][1], states[s][0], salted[s])
        for s in PAIR:
            upper = builder.shuffle_vector(salted[s], salted[s], UPPER)
            states[s][0] = do("rnds2", states[s][0], states[s][1], upper)
    return [[builder.add(new, old) for new, old in zip(states[s], before[s], strict=True)] for s in PAIR]


def _load(builder: Any, place: Any, offset: int) -> Any:
    pointer = builder.inttoptr(builder.add(place, ir.Constant(ADDRESS, offset)), FOUR.as_pointer())
    found = builder.load(pointer)
    found.align = 1
    return found


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    states, one, other, count = arguments
    do = _Instructions(builder)
    kept = [[cgutils.alloca_once(builder, FOUR) for _ in range(2)] for _ in PAIR]
    for s in PAIR:
        for half in range(2):
            builder.store(_load(builder, states, 32 * s + 16 * half), kept[s][half])
    with cgutils.for_range(builder, count) as loop:
        skipped = builder.mul(loop.index, ir.Constant(ADDRESS, BLOCK))
        places = [builder.add(first, skipped) for first in (one, other)]
        found = _one_block(builder, do, places, [[builder.load(half) for half in kept[s]] for s in PAIR])
        for s in PAIR:
            for half in range(2):
                builder.store(found[s][half], kept[s][half])
    for s in PAIR:
        for half in range(2):
            place = builder.add(states, ir.Constant(ADDRESS, 32 * s + 16 * half))
            builder.store(builder.load(kept[s][half]), builder.inttoptr(place, FOUR.as_pointer())).align = 1
    return context.get_dummy_value()


@intrinsic
def _hash(typing: Any, states: Any, one: Any, other: Any, count: Any) -> Any:
    """So many blocks of two streams; states and streams are addresses."""
    return numba.void(numba.uintp, numba.uintp, numba.uintp, numba.int64), _generate


@inner
def _hash_arrays(one: Bytes, other: Bytes, states: States) -> None:
    _hash(states.ctypes.data, one.ctypes.data, other.ctypes.data, np.int64(one.size // BLOCK))


@outer("uint8[::1]", "uint8[::1]", "uint32[:,::1]")
def hash_bytes(one: Bytes, other: Bytes, states: States) -> None:
    """Two streams of as many whole blocks."""
    _hash_arrays(one, other, states)


@outer("int64[:,::1]", "int64", "uint8[:,::1]", "uint32[:,::1]", result="boolean")
def hash_files(sources: npt.NDArray[np.int64], size: int, memory: Bytes, states: States) -> bool:
    """So many bytes, whole blocks, of two files from two bytes on, ``[2, 2]``; could they be read?"""
    one, other = memory[0, sources[0, 1] % LINE :], memory[1, sources[1, 1] % LINE :]
    for skipped in range(0, size, CHUNK):
        wanted = min(CHUNK, size - skipped)
        if not read(sources[0, 0], sources[0, 1] + skipped, wanted, one.ctypes.data):
            return False
        if not read(sources[1, 0], sources[1, 1] + skipped, wanted, other.ctypes.data):
            return False
        _hash_arrays(one[:wanted], other[:wanted], states)
    return True
