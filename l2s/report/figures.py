"""Figures: accuracy against length with the Pareto front, and length against difficulty; the same bytes each time."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from l2s.files import replacing

INK, GREY, LIGHT = "#1f2430", "#8a8f98", "#d5d8dd"
COLOURS: dict[str, str] = {
    "slow": "#0072b2",
    "quick": "#e69f00",
    "chosen": "#d55e00",
    "merge": "#009e73",
    "control": "#cc79a7",
    "given": GREY,
}
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
DIRECTIONS = ((0.8, 0.8), (0.8, -0.8), (-0.8, 0.8), (-0.8, -0.8), (1.2, 0), (-1.2, 0), (0, 1), (0, -1))
PLACES = [(far * dx, far * dy) for far in (9, 20, 32, 46, 62, 80, 100, 124) for dx, dy in DIRECTIONS]
"""Offsets in points at which a name may stand, the nearest first."""
SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
    "svg.hashsalt": "l2s",
}


def draw_figures(summary: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Draw every figure for every reported benchmark; names to files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    with plt.rc_context(SETTINGS):
        for benchmark in summary["benchmarks"]:
            rows = [row for row in summary["rows"] if row["benchmark"] == benchmark and row["tokens"] is not None]
            if rows:
                name = f"accuracy-against-tokens-{benchmark}"
                drawn[name] = _save(trade_off(summary, benchmark, rows), folder / f"{name}.png")
            levels = [row for row in summary["levels"] if row["benchmark"] == benchmark and "tokens" in row]
            if levels:
                name = f"length-against-level-{benchmark}"
                drawn[name] = _save(length_by_level(summary, levels), folder / f"{name}.png")
    return drawn


def role_of(summary: dict[str, Any], row: dict[str, Any]) -> str:
    """``slow``, ``quick``, ``chosen``, ``control``, ``merge`` or ``given``: which colour a run has."""
    settings = summary["settings"]
    if row["run"] in (settings["slow"], settings["quick"]):
        return "slow" if row["run"] == settings["slow"] else "quick"
    if row["run"] == summary["chosen"]["run"]:
        return "chosen"
    if row.get("control", "none") != "none":
        return "control"
    return "merge" if row["run"] in settings["candidates"] else "given"


def trade_off(summary: dict[str, Any], benchmark: str, rows: list[dict[str, Any]]) -> Figure:
    """Accuracy against mean tokens, with intervals and the Pareto front."""
    figure, axes = plt.subplots(figsize=(8.4, 5.0), layout="constrained")
    front = [row for name in summary["front"].get(benchmark, []) for row in rows if row["run"] == name]
    accuracies = [100 * row["accuracy"] for row in front]
    axes.step(
        [row["tokens"] for row in front], accuracies, where="post", color=GREY, lw=1.2, ls="--", label="Pareto front"
    )
    for row in rows:
        _point(axes, row, role_of(summary, row))
    axes.set_xlabel("mean generated tokens a response")
    axes.set_ylabel("accuracy, %")
    bars = f"bars: {100 * summary['settings']['confidence']:g} % intervals"
    axes.set_title(f"{benchmark}: accuracy against length ({bars})", loc="left", fontsize=11)
    axes.margins(x=0.12, y=0.1)
    _label(axes, figure, rows, summary)
    if len(front) > 1:
        axes.legend(frameon=False, loc="lower right")
    return figure


def _point(axes: Axes, row: dict[str, Any], role: str) -> None:
    """One run with its two intervals; a star for the chosen one."""
    accuracy = 100 * row["accuracy"]
    axes.errorbar(
        row["tokens"],
        accuracy,
        xerr=[[row["tokens"] - row["tokens_low"]], [row["tokens_high"] - row["tokens"]]],
        yerr=[[accuracy - 100 * row["accuracy_low"]], [100 * row["accuracy_high"] - accuracy]],
        fmt="*" if role == "chosen" else "o",
        ms=14 if role == "chosen" else 6.5,
        color=COLOURS[role],
        elinewidth=0.9,
        mec="white",
        mew=0.6,
        zorder=4 if role == "chosen" else 3,
    )


def length_by_level(summary: dict[str, Any], levels: list[dict[str, Any]]) -> Figure:
    """Mean tokens by level of difficulty: slow, quick and chosen in colour, the others thin."""
    figure, axes = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
    controls = {row["run"]: row["control"] for row in summary["rows"]}
    runs = list(dict.fromkeys(row["run"] for row in levels))
    shown = 0
    for run in runs:
        rows = [row for row in levels if row["run"] == run]
        role = role_of(summary, {"run": run, "control": controls.get(run, "none")})
        x, y = [row["level"] for row in rows], [row["tokens"] for row in rows]
        if role in ("merge", "control", "given"):
            shown += 1
            axes.plot(x, y, color=LIGHT, lw=1.1, zorder=1, label="other runs" if shown == 1 else None)
            continue
        low, high = [row["tokens_low"] for row in rows], [row["tokens_high"] for row in rows]
        axes.fill_between(x, low, high, color=COLOURS[role], alpha=0.15, lw=0)
        label = f"{run} (chosen)" if role == "chosen" else run
        axes.plot(x, y, color=COLOURS[role], lw=2, marker="o", ms=5, zorder=3, label=label)
    axes.set_xticks(sorted({row["level"] for row in levels}))
    axes.set_xlabel("level of difficulty")
    axes.set_ylabel("mean generated tokens")
    axes.set_title(f"{levels[0]['benchmark']}: length against difficulty", loc="left", fontsize=11)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _label(axes: Axes, figure: Figure, rows: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    """Names beside their points: each takes the nearest free place, with a line to its point if that is far."""
    figure.canvas.draw()
    points = [axes.transData.transform((row["tokens"], 100 * row["accuracy"])) for row in rows]
    taken: list[Any] = []
    for row in sorted(rows, key=lambda row: (role_of(summary, row) != "chosen", row["tokens"], row["run"])):
        for place in PLACES:
            text = _name(axes, row, place, bold=role_of(summary, row) == "chosen")
            box = _box(text, figure)
            if _is_free(box, axes, points, taken):
                taken.append(box)
                break
            text.remove()


def _name(axes: Axes, row: dict[str, Any], place: tuple[float, float], bold: bool) -> Any:
    dx, dy = place
    far = {"arrowstyle": "-", "color": GREY, "lw": 0.6, "shrinkB": 4} if dx * dx + dy * dy > 200 else None
    return axes.annotate(
        row["run"],
        (row["tokens"], 100 * row["accuracy"]),
        place,
        textcoords="offset points",
        fontsize=8.5,
        fontweight="bold" if bold else "normal",
        ha="left" if dx > 0 else "right" if dx < 0 else "center",
        va="center",
        arrowprops=far,
    )


def _box(text: Any, figure: Figure) -> Any:
    """Where the words alone stand, in pixels, the line to their point left out."""
    text.update_positions(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    text.set_in_layout(False)
    return Text.get_window_extent(text).padded(1.5)


def _is_free(box: Any, axes: Axes, points: list[Any], taken: list[Any]) -> bool:
    """Inside the plot, over no point and no other name."""
    frame = axes.get_window_extent()
    inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    return inside and not any(box.overlaps(other) for other in taken) and not any(box.contains(x, y) for x, y in points)


def _save(figure: Figure, path: Path) -> Path:
    with replacing(path) as file:
        figure.savefig(file, format="png", dpi=160, metadata={"Software": None})
    plt.close(figure)
    return path
