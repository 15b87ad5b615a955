"""A picture of the page, for README: ``python -m tests.report.picture data/report/index.html docs/report.png``."""

import sys
import tempfile
from pathlib import Path

from tests.report.browser import CHROMIUM, browser

WIDTH, HEIGHT = 1280, 1000


def picture(page: Path, out: Path) -> None:
    """Light on the left, dark on the right, each as a wide window shows it first; what it logs is an error."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder, browser(Path(folder)) as tab:
        shots = []
        for dark in (False, True):
            tab.open(page, WIDTH, HEIGHT, dark)
            tab.screenshot(Path(folder) / "shot.png")
            shots.append(Image.open(Path(folder) / "shot.png").convert("RGB"))
        assert not tab.complaints, tab.complaints
    light, dark_shot = shots
    both = light.copy()
    both.paste(dark_shot.crop((WIDTH * 5 // 8, 0, WIDTH, HEIGHT)), (WIDTH * 5 // 8, 0))
    both.quantize(256).save(out, optimize=True)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("no Chromium is installed; the picture is taken with one")
    picture(Path(sys.argv[1]), Path(sys.argv[2]))
