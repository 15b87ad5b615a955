"""Figures: accuracy against length with the Pareto front, and length against difficulty; the same bytes each time."""

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from l2s.core.row import Row

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox
from PIL import Image

from l2s.core.files import replacing
from l2s.core.summary import roles_of, rows_of
from l2s.report.plots.crowd import crowd
from l2s.report.plots.labels import place_names

INK, GREY, LIGHT = "#1f2430", "#8a8f98", "#d5d8dd"
COLOURS: dict[str, str] = {
    "slow": "#0072b2",
    "quick": "#e69f00",
    "chosen": "#d55e00",
    "merge": "#009e73",
    "trained": "#56b4e9",
    "control": "#cc79a7",
    "given": GREY,
}
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
SHADES = 24
"""Steps from each colour to white in a picture."""
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
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.6,
}


def draw_figures(summary: dict[str, Any], folder: Path) -> dict[str, Path]:
    """Draw every figure for every reported benchmark; names to files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    with plt.rc_context(SETTINGS):
        for benchmark in summary["benchmarks"]:
            rows = [row for row in rows_of(summary, "rows", benchmark) if row["tokens"] is not None]
            if rows:
                name = f"accuracy-against-tokens-{benchmark}"
                drawn[name] = _save(trade_off(summary, benchmark, rows), folder / f"{name}.png")
            levels = [row for row in rows_of(summary, "levels", benchmark) if row["tokens"] is not None]
            if levels:
                name = f"length-against-level-{benchmark}"
                drawn[name] = _save(length_by_level(summary, levels), folder / f"{name}.png")
    return drawn


def trade_off(summary: dict[str, Any], benchmark: str, rows: list[Row]) -> Figure:
    """Accuracy against mean tokens, with intervals and the Pareto front; a crowd of runs once more, close up."""
    near = crowd(rows, summary["chosen"]["run"])
    figure, panels = plt.subplots(
        1, 2 if near else 1, figsize=(10.4 if near else 8.4, 5.0), squeeze=False, layout="constrained",
        width_ratios=(3, 2) if near else (1,),
    )  # fmt: skip
    axes = panels[0][0]
    axes.margins(x=0.08, y=0.08)
    _points(axes, summary, benchmark, rows, star_on_top=True)
    bars = f"bars: {100 * summary['settings']['confidence']:g} % intervals"
    axes.set_title(f"{benchmark}: accuracy against length ({bars})", loc="left", fontsize=11)
    axes.set_ylabel("accuracy, %")
    inside = {row["run"] for row in near}
    if near:
        frame = _frame(near)
        close = panels[0][1]
        close.set(xlim=frame.intervalx, ylim=frame.intervaly)
        _points(close, summary, benchmark, rows, star_on_top=False)
        close.set_title("close up", loc="left", fontsize=11)
        size = (frame.width, frame.height)
        axes.add_patch(Rectangle(frame.p0, *size, fill=False, ec=INK, lw=0.8, zorder=5))
        _names(close, summary, near)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    chosen = summary["chosen"]["run"]
    _names(axes, summary, [row for row in rows if row["run"] not in inside or row["run"] == chosen])
    return figure


def _frame(rows: list[Row]) -> Bbox:
    """The box around these runs and their intervals, with room for names."""
    left, right = min(row["tokens_low"] for row in rows), max(row["tokens_high"] for row in rows)
    low, high = min(100 * row["accuracy_low"] for row in rows), max(100 * row["accuracy_high"] for row in rows)
    x, y = 0.3 * (right - left) + 1e-6, 0.15 * (high - low) + 1e-6
    return Bbox([(left - x, low - y), (right + x, high + y)])


def _points(axes: Axes, summary: dict[str, Any], benchmark: str, rows: list[Row], star_on_top: bool) -> None:
    """All runs and the front, in one panel. The star may cover others only where those are shown close up too."""
    by_name = {row["run"]: row for row in rows}
    front = [by_name[name] for name in summary["front"].get(benchmark, []) if name in by_name]
    if len(front) > 1:
        x, y = [row["tokens"] for row in front], [100 * row["accuracy"] for row in front]
        axes.step(x, y, where="post", color=GREY, lw=1.2, ls="--", label="Pareto front", zorder=2)
    words = {"merge": "merges", "trained": "trained models", "control": "length controls", "given": "other models"}
    roles = roles_of(summary)
    for row in rows:
        role = roles[row["run"]]
        _bars(axes, row, COLOURS[role])
        star = role == "chosen"
        axes.plot(
            row["tokens"], 100 * row["accuracy"], "*" if star else "o", ms=15 if star else 6.5, color=COLOURS[role],
            mec="white", mew=0.6, zorder=(6 if star_on_top else 4) if star else 5,
            label="chosen on validation" if star else words.pop(role, None), ls="none",
        )  # fmt: skip
    axes.set_xlabel("mean generated tokens a response")


def _bars(axes: Axes, row: Row, colour: str) -> None:
    """The intervals of accuracy and length."""
    across, up = ("tokens_low", "tokens_high"), ("accuracy_low", "accuracy_high")
    axes.hlines(100 * row["accuracy"], *(row[end] for end in across), color=colour, lw=0.9, alpha=0.7, zorder=3)
    axes.vlines(row["tokens"], *(100 * row[end] for end in up), color=colour, lw=0.9, alpha=0.7, zorder=3)


def _names(axes: Axes, summary: dict[str, Any], rows: list[Row]) -> None:
    points = {row["run"]: (row["tokens"], 100 * row["accuracy"]) for row in rows}
    bars = [
        Bbox([(row[f"tokens_{low}"] if across else x, y if across else 100 * row[f"accuracy_{low}"])
              for low in ("low", "high")])
        for row in rows for x, y in [points[row["run"]]] for across in (True, False)
    ]  # fmt: skip
    place_names(axes, points, bars, summary["chosen"]["run"], GREY)


def length_by_level(summary: dict[str, Any], levels: list[Row]) -> Figure:
    """Mean tokens by level of difficulty: slow, quick and chosen in colour, the others thin."""
    figure, axes = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
    place = {level: number for number, level in enumerate(sorted({row["level"] for row in levels}))}
    others = 0
    roles = roles_of(summary)
    for run in sorted({row["run"] for row in levels}, key=lambda run: (list(COLOURS).index(roles[run]), run)):
        rows, role = [row for row in levels if row["run"] == run], roles[run]
        x, y = [place[row["level"]] for row in rows], [row["tokens"] for row in rows]
        if role in ("merge", "trained", "control", "given"):
            others += 1
            axes.plot(x, y, color=GREY, alpha=0.55, lw=1, zorder=1, label="other runs" if others == 1 else None)
            continue
        low, high = [row["tokens_low"] for row in rows], [row["tokens_high"] for row in rows]
        axes.fill_between(x, low, high, color=COLOURS[role], alpha=0.15, lw=0)
        label = f"{run} (chosen)" if role == "chosen" else run
        axes.plot(x, y, color=COLOURS[role], lw=2, marker="o", ms=5, zorder=3, label=label)
    axes.set_xticks(list(place.values()), [str(level) for level in place])
    axes.set_xlabel("level of difficulty")
    axes.set_ylabel("mean generated tokens")
    axes.set_title(f"{levels[0]['benchmark']}: length against difficulty", loc="left", fontsize=11)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    """A PNG of few colours, since the page carries it: every role's own, blended with white as edges and bars are."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=160, metadata={"Software": None})
    plt.close(figure)
    with replacing(path) as file:
        _of_few_colours(np.asarray(Image.open(drawn).convert("RGB"))).save(file, format="png", optimize=True)
    return path


def _of_few_colours(pixels: Any) -> Image.Image:
    """``[height, width, 3]`` uint8 with every pixel replaced by the nearest colour of the palette."""
    few = _palette()
    packed = pixels.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    found, inverse = np.unique(packed, return_inverse=True)
    colours = found[:, None] >> np.array([16, 8, 0]) & 0xFF
    distances = ((colours[:, None] - few[None].astype(np.int32)) ** 2).sum(axis=-1)
    image = Image.fromarray(distances.argmin(axis=1).astype(np.uint8)[inverse].reshape(pixels.shape[:2]))
    image.putpalette(few.tobytes())
    return image


def _palette() -> Any:
    """White, and every colour that is drawn with in steps towards it: ``[colours, 3]`` uint8."""
    inks = np.array([list(bytes.fromhex(colour[1:])) for colour in sorted({*COLOURS.values(), INK, LIGHT})])
    steps = np.linspace(1 / SHADES, 1, SHADES)[:, None, None]
    shades = np.rint(255 - (255 - inks) * steps).astype(np.uint8).reshape(-1, 3)
    return np.concatenate([np.full((1, 3), 255, np.uint8), shades])
