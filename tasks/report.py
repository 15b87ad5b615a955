"""The stage ``report``: one page that opens offline, and the plots."""

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, Say, Stage


def work(config: Config, name: None, track: Track, say: Say) -> None:
    """Build the page."""
    from tasks.inputs.page import build_report

    say(f"{build_report(config, DATA)}")


STAGE = Stage("report", work, libraries=("scipy.optimize", "scipy.stats", "matplotlib.pyplot", "jinja2"))
