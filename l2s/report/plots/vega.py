"""The plotting library that the page carries: Vega, Vega-Lite and vega-embed, as one script.

The script comes out of the ``vl-convert-python`` package, which holds the libraries' sources; nothing is
downloaded. Putting it together takes seconds, so it is kept in a folder under the versions' names.
"""

import importlib
import importlib.metadata
from pathlib import Path
from typing import Any

from l2s.core.files import write_text

LICENCE = (
    "/* Vega, Vega-Lite, vega-embed: Copyright University of Washington Interactive Data Lab and contributors, "
    "BSD-3-Clause. D3: Copyright Mike Bostock, ISC. */\n"
)
WANTED = "window.vegaEmbed = vegaEmbed;"


def library(kept: Path | None = None) -> str:
    """The script, about 0.9 MB; defines ``vegaEmbed``.

    Args:
        kept: folder where it is looked up, and put for the next time.
    """
    vl_convert: Any = importlib.import_module("vl_convert")  # its own type stubs lack what is used here
    name = f"vega-{vl_convert.get_vega_version()}-{importlib.metadata.version('vl-convert-python')}.js"
    if kept is not None and (kept / name).is_file():
        return (kept / name).read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle(WANTED)
    script = LICENCE + bundle.replace("</script", "<\\/script")
    if kept is not None:
        write_text(kept / name, script)
    return script
