"""Plots of a search: its trials by accuracy and tokens, the race, and each number that was looked for."""

from typing import Any

from l2s.core.row import Row
from l2s.report.charts.marks import SHAPES, Spec, axis, frame, lengths, tip
from l2s.report.parts.numbers import decimal

VALUE = "value."
KINDS = {
    "found": ("var(--chosen)", "var(--chosen)", SHAPES["chosen"], 300),
    "certified": ("var(--merge)", "var(--merge)", "circle", 85),
    "not certified": ("transparent", "var(--merge)", "circle", 85),
    "slow": ("var(--slow)", "var(--slow)", "square", 110),
}
"""Fill, stroke, shape and size."""
HEIGHT = 14
"""Pixels of a trial in the race."""


def kind_of(row: Row, winner: int | None) -> str:
    """What a trial is shown as."""
    if row["trial"] == winner:
        return "found"
    return "certified" if row["ended"] == "certified" else "not certified"


def search_charts(name: str, summary: dict[str, Any], trials: list[Row]) -> dict[str, dict[str, Spec]]:
    """Name of a plot to its one view; nothing where no trial was answered."""
    if not trials:
        return {}
    winner = (summary["winner"] or {}).get("trial")
    points = [_point(row, kind_of(row, winner)) for row in trials]
    slow = summary["slow"]
    baseline = {
        "kind": "slow", "x": slow["tokens"], "y": 100 * slow["accuracy"], "trial": 0, "size": KINDS["slow"][3],
        "tip": tip("slow", f"{slow['problems']} problems"),
    }  # fmt: skip
    found = {
        f"search-trials-{name}": {"": _cloud([*points, baseline])},
        f"search-race-{name}": {"": _race(points)},
    }
    for number, dimension in enumerate(key for key in trials[0] if key.startswith(VALUE)):
        shown = [point | {"v": row[dimension]} for point, row in zip(points, trials, strict=True)]
        found[f"search-value-{number}-{name}"] = {"": _against(dimension.removeprefix(VALUE), shown)}
    return found


def _point(row: Row, kind: str) -> Row:
    values = ", ".join(f"{key.removeprefix(VALUE)} {row[key]}" for key in row if key.startswith(VALUE))
    return {
        "kind": kind,
        "trial": row["trial"],
        "x": row["tokens"],
        "y": 100 * row["accuracy"],
        "r": 100 * row["relative"],
        "n": row["problems"],
        "size": KINDS[kind][3],
        "tip": tip(
            f"trial {row['trial']}: {row['ended']}",
            values,
            f"accuracy {decimal(100 * row['accuracy'], 1)} %, {decimal(row['tokens'], 1)} tokens",
            f"against slow {decimal(100 * row['difference'], 1, signed=True)} points",
            f"{row['problems']} problems",
        ),
    }


def _scale(points: list[Row], place: int) -> Spec:
    order = [kind for kind in KINDS if any(point["kind"] == kind for point in points)]
    return {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": order, "range": [KINDS[kind][place] for kind in order]},
        "legend": None,
    }


def _marks(points: list[Row], x: Spec, y: Spec) -> Spec:
    return {
        "mark": {"type": "point", "filled": True, "opacity": 1, "strokeWidth": 1.4},
        "encoding": {
            "x": x, "y": y, "fill": _scale(points, 0), "stroke": _scale(points, 1), "shape": _scale(points, 2),
            "size": {"field": "size", "type": "quantitative", "scale": None, "legend": None},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }  # fmt: skip


def _cloud(points: list[Row]) -> Spec:
    x = lengths()
    y = axis("y", "accuracy, %", {"zero": False, "domainMax": 100.5, "padding": 8}, axis={"tickCount": 8})
    return frame("Accuracy of each trial against its mean tokens", 320, data={"values": points},
                 layer=[_marks(points, x, y)])  # fmt: skip


def _race(points: list[Row]) -> Spec:
    """How many problems each trial was given."""
    bar: Spec = {
        "mark": {"type": "bar", "strokeWidth": 1},
        "encoding": {
            "x": axis("n", "problems answered", {"zero": True}, axis={"tickCount": 8}),
            "y": {"field": "trial", "type": "ordinal", "title": "trial"},
            "fill": _scale(points, 0),
            "stroke": _scale(points, 1),
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
    return frame("Problems that each trial answered", 60 + HEIGHT * len(points), data={"values": points}, layer=[bar])


def _against(name: str, points: list[Row]) -> Spec:
    numbers = all(isinstance(point["v"], int | float) for point in points)
    x = axis("v", name, {"zero": False, "nice": True}) if numbers else {"field": "v", "type": "nominal", "title": name}
    y = axis("r", "tokens, % of slow's", {"zero": True, "nice": True})
    return frame(f"Tokens against {name}", 200, data={"values": points}, layer=[_marks(points, x, y)])
