"""How loops become :mod:`l2s.machine_code`: what modules of loops share. Imports Numba, and so only they import it.

Loops ask for no memory and do not fail: they are given the room they need, and run without Python and without Numba.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])

_pread = numba.types.ExternalFunction(
    "pread", numba.intp(numba.int32, numba.uintp, numba.uintp, numba.int64)
)  # the system's: file, where to, bytes, from where


def inner(loop: Loop) -> Loop:
    """A loop that others call."""
    made: Loop = numba.njit(
        loop, nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
    )
    return made


def outer(loops: dict[str, Any], *arguments: str, result: str = "void") -> Callable[[Loop], Loop]:
    """A loop that is called from outside, with these arguments; compiled, and kept in ``loops``."""

    def compiled(loop: Loop) -> Loop:
        made: Any = inner(loop)
        made.compile(f"{result}({', '.join(arguments)})")
        loops[loop.__name__] = made
        return made  # type: ignore[no-any-return]

    return compiled


@inner
def read(file: int, start: int, size: int, place: int) -> bool:
    """Read so many bytes of a file to an address; False if it ended before."""
    done = 0
    while done < size:
        found = _pread(file, place + done, size - done, start + done)
        if found <= 0:
            return False
        done += found
    return True
