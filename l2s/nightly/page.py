"""The page of a night: outcome, comparison, what changed, and all nights so far; one file, offline."""

import base64
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from l2s.nightly.comparison import OUTCOMES
from l2s.nightly.figures import history_plot
from l2s.nightly.history import History
from l2s.nightly.measured import cause_text, points
from l2s.nightly.night import Night


def night_page(night: Night, history: History) -> str:
    """The page as HTML.

    Args:
        night: the night shown.
        history: all nights so far, this one last.
    """
    benchmarks = sorted({row.benchmark for row in night.measured})
    return _environment().get_template("night.html").render(
        night=night,
        history=history,
        outcomes=OUTCOMES,
        plots={
            name: base64.b64encode(history_plot(history.nights, name)).decode() for name in benchmarks
        },
        runs=sorted({(row.run, row.benchmark) for one in history.nights for row in one.measured}),
        at={
            (one.night, row.run, row.benchmark): row
            for one in history.nights
            for row in one.measured
            if not row.fresh
        },
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("l2s.nightly"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"percent": _percent, "points": points, "p_value": _p_value, "cause": cause_text}
    return environment


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _p_value(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.0005 else f"{value:.3f}"
