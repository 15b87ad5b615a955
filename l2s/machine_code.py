"""Machine code of loops: made once by Numba, kept in a file, and run without importing Numba.

Importing Numba and letting it look through its own tables takes a second, as long as half a merge; loading what it
made takes a fifth of that. The file is named after all that decides its content: the loops' source, Numba's and
LLVM's release and settings, the processor. It lies beside the source, or where that cannot be, in the user's cache
folder; making it takes some seconds, when the product is installed, or else at the first call.
"""

import base64
import ctypes
import hashlib
import importlib
import inspect
import json
import os
import platform
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import binding as llvm

from l2s.files import LINE, digest_text, user_cache, write_json
from l2s.versions import version_of

SCALARS: Mapping[str, Any] = {
    "bool": ctypes.c_bool, "int64": ctypes.c_int64, "uint32": ctypes.c_uint32,
    "float32": ctypes.c_float, "float64": ctypes.c_double,
}  # fmt: skip

Made = dict[str, dict[str, Any]]
"""By loop: ``symbol``, ``arguments`` as [dtype, dimensions, written to?] each, a number having none of these, and
``object``, its file."""
Form = tuple["np.dtype[Any]", int, bool]
WRITTEN = ("again", "counts", "memory", "out", "room", "squares", "states")
"""Names of arguments that a loop writes to."""
_loading = threading.Lock()


class MachineCode:
    """The loops of a module, which :mod:`l2s.loops` compiles, and which is imported only for that."""

    def __init__(self, module: str, *others: str) -> None:
        """``others``: modules beside it from which it imports; they too decide its code."""
        self.module = module
        package, _, name = module.rpartition(".")
        self._folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
        self._sources = [Path(__file__), Path(__file__).with_name("loops.py")]
        self._sources += [self._folder / f"{source}.py" for source in (name, *others)]
        self._loops: Made | None = None
        self._routines: dict[str, Callable[[tuple[Any, ...]], bool]] = {}

    def run(self, name: str, *arguments: Any) -> bool:
        """Run a loop, without Python's lock. Safe in several threads.

        Returns:
            What it answers; False if it answers nothing.

        Raises:
            TypeError: an array that is not of the form the loop is compiled for, or may not be written to.
        """
        if name not in self._routines:
            with _loading:
                if name not in self._routines:
                    self._routines[name] = _routine(name, self._made()[name])
        return self._routines[name](arguments)

    def load(self) -> None:
        """Get everything ready: in a fifth of a second, or where nothing is compiled yet, in some ten seconds.

        For the install, so that nobody has to wait, and for a program that waits for something else.
        """
        with _loading:
            self._made()

    def _made(self) -> Made:
        if self._loops is None:
            self._loops = self._found() or self._compiled()
        return self._loops

    def _found(self) -> Made | None:
        for place in self._places():
            with suppress(OSError, ValueError):
                found = json.loads(place.read_text(encoding="utf-8"))
                if isinstance(found, dict) and found.get("digest") == _digest(found.get("loops")):
                    return dict(found["loops"])
        return None

    def _compiled(self) -> Made:
        import numba

        numba.config.DISABLE_JIT = False
        made = _compiled(importlib.import_module(self.module).LOOPS)
        for place in self._places():
            with suppress(OSError):  # no file there: another place, or compiled anew by every process
                write_json(place, {"digest": _digest(made), "loops": made})
                break
        return made

    def _places(self) -> list[Path]:
        name = f"{self.module.rpartition('.')[2]}.{self._key()}.json"
        return [self._folder / "__pycache__" / name, user_cache() / "loops" / name]

    def _key(self) -> str:
        parts = [source.read_text(encoding="utf-8") for source in self._sources]
        parts += [str(LINE), version_of("numba"), ".".join(map(str, llvm.llvm_version_info))]
        parts += [platform.machine(), platform.system(), llvm.get_host_cpu_name(), features().flatten()]
        parts += [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_")]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def lined(entries: int, dtype: type[np.generic]) -> Any:
    """Memory for a loop, which begins where a line of the cache does."""
    size = entries * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype)


@cache
def features() -> Any:
    """What the processor can do, as LLVM calls it."""
    return llvm.get_host_cpu_features()


def _routine(name: str, made: dict[str, Any]) -> Callable[[tuple[Any, ...]], bool]:
    """A loop as a function of its arguments.

    Numba's convention (``numba.core.callconv.CPUCallConv``): a status is returned; arguments are where the result
    goes, where an exception goes, and the loop's own; an array is seven words or more: two for who owns it, its
    entries, an entry's bytes, its place, its shape, its strides.
    """
    address = _address(made["symbol"], base64.b64decode(made["object"]))
    forms = [(np.dtype(dtype), dimensions, written) for dtype, dimensions, written in made["arguments"]]
    own = [kind for dtype, dimensions, _ in forms for kind in _words(dtype, dimensions)]
    function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *own)(address)

    def called(arguments: tuple[Any, ...]) -> bool:
        result, failure = ctypes.c_int64(0), ctypes.c_void_p(None)
        words = [word for form, argument in zip(forms, arguments, strict=True) for word in _flat(name, form, argument)]
        status = function(ctypes.addressof(result), ctypes.addressof(failure), *words)
        assert status == 0, f"{name}: status {status}"
        return bool(result.value & 1)

    return called


def _words(dtype: "np.dtype[Any]", dimensions: int) -> list[Any]:
    if not dimensions:
        return [SCALARS[dtype.name]]
    return [ctypes.c_void_p] * (5 + 2 * dimensions)  # sizes too: it takes them several times faster than c_ssize_t


def _flat(name: str, form: Form, argument: Any) -> tuple[Any, ...]:
    dtype, dimensions, written = form
    if not dimensions:
        return (argument,)
    if argument.dtype != dtype or argument.ndim != dimensions or not argument.flags.c_contiguous:
        found = f"{argument.dtype}, {argument.ndim} dimensions, contiguous: {argument.flags.c_contiguous}"
        raise TypeError(f"{name}: found an array of {found}, expected {dtype}, {dimensions}, contiguous")
    if written and not argument.flags.writeable:
        raise TypeError(f"{name}: found an array that is read-only, expected one to write to")
    place = ctypes.addressof(_byte_of(argument)) if argument.size and argument.flags.writeable else argument.ctypes.data
    return (None, None, argument.size, argument.itemsize, place, *argument.shape, *argument.strides)


_byte_of = ctypes.c_char.from_buffer
_engines: list[Any] = []
"""They own the code."""


def _address(symbol: str, content: bytes) -> int:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(content))
    engine.finalize_object()
    _engines.append(engine)
    address = int(engine.get_function_address(symbol))
    assert address, f"{symbol} is not in its own file"
    return address


def _digest(loops: Any) -> str:
    return digest_text(json.dumps(loops, sort_keys=True))


def _compiled(loops: Mapping[str, Any]) -> Made:
    made: Made = {}
    for name, loop in loops.items():
        ((types, overload),) = loop.overloads.items()
        content = overload.library._get_compiled_object()
        names = inspect.signature(loop.py_func).parameters
        arguments = [
            [str(getattr(kind, "dtype", kind)), getattr(kind, "ndim", 0), argument in WRITTEN]
            for argument, kind in zip(names, types, strict=True)
        ]
        symbol = overload.fndesc.llvm_func_name
        made[name] = {"symbol": symbol, "arguments": arguments, "object": base64.b64encode(content).decode()}
    return made
