"""The plot of all nights: accuracy and mean tokens of every run, night by night."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from l2s.nightly.night import Measured, Night

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8f98")
"""Okabe and Ito's palette."""
SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d5d8dd",
    "grid.linewidth": 0.6,
}


def history_plot(nights: Sequence[Night], benchmark: str) -> bytes:
    """A PNG: accuracy with intervals above, mean tokens below; new samples hollow, regressions crossed.

    Equal nights give equal bytes.
    """
    runs = sorted({row.run for night in nights for row in night.measured if row.benchmark == benchmark})
    with plt.rc_context(SETTINGS):
        figure, (above, below) = plt.subplots(2, 1, figsize=(8.4, 5.4), sharex=True, layout="constrained")
        for number, run in enumerate(runs):
            beside = 0.06 * (number - (len(runs) - 1) / 2)  # equal values would hide each other
            _run(above, below, nights, benchmark, run, COLOURS[number % len(COLOURS)], beside)
        for place, night in enumerate(nights):
            if night.outcome == "regression":
                for axes in (above, below):
                    axes.axvline(place, color="#b3261e", lw=1, ls=":", zorder=1)
        every = max(1, len(nights) // 12)
        names = [night.night for night in nights]
        below.set_xticks(range(0, len(names), every), names[::every], rotation=30, ha="right")
        above.set_ylabel("accuracy, %")
        below.set_ylabel("mean tokens")
        below.set_ylim(bottom=0)
        above.set_title(f"{benchmark}: night by night", loc="left", fontsize=11)
        figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=130, metadata={"Software": None})
        plt.close(figure)
    return drawn.getvalue()


def _run(
    above: Axes, below: Axes, nights: Sequence[Night], benchmark: str, run: str, colour: str, beside: float
) -> None:
    for fresh in (False, True):
        points = [
            (place, row)
            for place, night in enumerate(nights)
            for row in night.measured
            if (row.run, row.benchmark, row.fresh) == (run, benchmark, fresh)
        ]
        if not points:
            continue
        x = [place + beside + (0.03 if fresh else 0.0) for place, _ in points]
        rows: list[Measured] = [row for _, row in points]
        face = "white" if fresh else colour
        line = "none" if fresh else "-"
        label = None if fresh else run
        above.plot(
            x, [100 * row.accuracy for row in rows], marker="o", ms=5, color=colour, mfc=face, ls=line, label=label
        )
        above.vlines(
            x, [100 * row.accuracy_low for row in rows], [100 * row.accuracy_high for row in rows], color=colour, lw=0.8
        )
        below.plot(x, [row.tokens for row in rows], marker="o", ms=5, color=colour, mfc=face, ls=line)
