"""Pictures of the page, for README: ``python -m tests.report.picture data/report/index.html docs/report.png``.

The dark one is put beside the light one: ``docs/report-dark.png``.
"""

import sys
import tempfile
from pathlib import Path

from tests.report.browser import CHROMIUM, browser

WIDTH, HEIGHT = 1280, 1480


def pictures(page: Path, out: Path) -> None:
    """What a wide window shows first, light and dark; whatever the page logs is an error."""
    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as tab:
        for dark, path in ((False, out), (True, out.with_stem(f"{out.stem}-dark"))):
            tab.open(page, WIDTH, HEIGHT, dark)
            tab.screenshot(path)
        assert not tab.complaints, tab.complaints


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("no Chromium is installed; the picture is taken with one")
    pictures(Path(sys.argv[1]), Path(sys.argv[2]))
