"""The program: where the packages ``flows`` and ``tasks`` lie, and what is started of them.

In the repository they lie beside ``l2s``. A wheel keeps them in this folder, so that it adds one name to those that
Python can import; they are found from here on, by this process and by those that it starts.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE if (HERE / "flows").is_dir() else HERE.parent.parent
FLOWS = {"pipeline": "flows.pipeline.deployed", "nightly": "flows.nightly.flow"}
"""What prefect.yaml deploys."""

if str(PLACE) not in sys.path:
    sys.path.insert(0, str(PLACE))
if str(PLACE) not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PLACE), os.environ.get("PYTHONPATH")]))


def main() -> None:
    """What the console script calls."""
    import_module("flows.program").main()


def __getattr__(name: str) -> object:
    """A flow, imported when it is asked for."""
    if name not in FLOWS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(FLOWS[name]), name)
