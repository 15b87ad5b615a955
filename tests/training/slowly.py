"""The formulas of training, in exact fractions or plain double precision, written from the papers and not from l2s.

``python -m tests.training.slowly`` prints ``tests/data/training_conformance.json`` anew.
"""

import json
import math
import statistics
from fractions import Fraction
from pathlib import Path
from typing import Any

FOUND: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data/training_conformance.json").read_text("utf-8"))

GROUPS: dict[str, dict[str, Any]] = {
    "mixed": {"c": [1, 1, 1, 0, 1, 0, 1, 1], "L": [40, 80, 120, 160, 200, 240, 300, 350]},
    "all right": {"c": [1, 1, 1, 1], "L": [41, 97, 97, 411]},
    "all wrong": {"c": [0, 0, 0, 0], "L": [30, 90, 200, 500]},
    "one right, the longest": {"c": [0, 0, 0, 1], "L": [12, 60, 60, 333]},
    "one right, the shortest": {"c": [1, 0, 0], "L": [33, 300, 299]},
    "one wrong": {"c": [1, 1, 1, 1, 0], "L": [64, 70, 58, 300, 301]},
    "equal lengths": {"c": [1, 0, 1, 0], "L": [100, 100, 100, 100]},
    "equal and right": {"c": [1, 1, 1], "L": [77, 77, 77]},
    "two": {"c": [1, 1], "L": [1, 1000]},
    "cut": {"c": [1, 1, 0, 1], "L": [50, 300, 300, 120], "cut": [0, 1, 1, 0]},
    "all cut": {"c": [1, 1, 1], "L": [280, 300, 300], "cut": [1, 1, 1]},
    "alone": {"c": [1], "L": [10]},
}
"""Graded right or wrong, generated tokens, and which were cut by the limit."""

CASES: list[dict[str, Any]] = [
    {"kind": "tldr", "length_scale": 300, "lambda": 0.5},
    {"kind": "tldr", "length_scale": 300, "lambda": 1.0, "penalise": "right"},
    {"kind": "tldr", "length_scale": 300, "lambda": 0.02},
    {"kind": "tldr", "length_scale": 300, "lambda": 0.5, "skip_unsolved": False},
    {"kind": "tldr_target", "target": 0.5, "lambda": 0.5},
    {"kind": "tldr_target", "target": 1.15, "lambda": 1.0, "skip_unsolved": False},
    {"kind": "l1_exact", "tokens": 200, "alpha": 0.0003},
    {"kind": "l1_exact", "tokens": 64, "alpha": 0.01, "skip_unsolved": False},
    {"kind": "l1_max", "tokens": 200, "alpha": 0.01},
    {"kind": "l1_max", "tokens": 90, "alpha": 0.004, "combine": "add"},
    {"kind": "l1_max", "tokens": 90, "alpha": 0.004, "combine": "add", "skip_unsolved": False},
    {"kind": "kimi", "weight": 1.0},
    {"kind": "kimi", "weight": 0.2, "skip_unsolved": False},
    {"kind": "efficient", "alpha": 0.1},
    {"kind": "efficient", "alpha": 0.4},
    {"kind": "grpo_lambda", "alpha": 0.2, "solved": 0.75},
    {"kind": "dast", "max_length": 512},
    {"kind": "overlong", "max_length": 320, "cache": 80},
    {"kind": "overlong", "max_length": 300, "cache": 300, "weight": 0.5, "skip_unsolved": False},
    {"kind": "linear", "length_scale": 300, "lambda": 0.25},
    {"kind": "aalc", "length_scale": 300, "alpha": 0.1, "beta": 32, "target": 1.0, "state": {"accuracy": 0.95}},
    {"kind": "aalc", "length_scale": 1024, "alpha": 0.1, "beta": 128, "target": 1.0, "state": {"accuracy": 0.8}},
    {"kind": "aalc", "length_scale": 300, "alpha": 0.2, "beta": 8, "state": {"accuracy": 0.9, "start": 0.95}},
    {"kind": "aalc", "length_scale": 300},
    {"kind": "lazy", "weight": 0.5, "tolerance": 20, "state": {"accuracy": 0.93, "best": 0.95}},
    {"kind": "lazy", "weight": 0.5, "tolerance": 20, "state": {"accuracy": 0.8, "best": 0.95}},
    {"kind": "lazy"},
    {"kind": "thinkprune", "caps": [300, 100], "stage_steps": 4, "state": {"step": 3}},
    {"kind": "thinkprune", "caps": [300, 100], "stage_steps": 4, "state": {"step": 400}},
]
"""Settings of a reward, and how far training is."""
REFERENCE = 200
"""The start model's mean length."""


def reward(case: dict[str, Any], group: dict[str, Any]) -> list[float]:
    """The rewards of a group."""
    cut = group.get("cut", [0] * len(group["c"]))
    c = [int(right and not end) for right, end in zip(group["c"], cut, strict=True)]
    spares = case["kind"] in {"tldr", "tldr_target", "l1_exact", "l1_max", "kimi", "overlong", "aalc"}
    if spares and case.get("skip_unsolved", True) and sum(c) == 0:
        return [0.0] * len(c)
    return [float(one) for one in globals()[f"_{case['kind']}"](case, c, group["L"], case.get("state", {}))]


def advantages(rewards: list[float], scale: bool, epsilon: float = 1e-6) -> list[float]:
    """R minus the mean, over the sample standard deviation and ε."""
    exact = [Fraction(one) for one in rewards]
    centred = [float(one - sum(exact) / len(exact)) for one in exact]
    spread = statistics.stdev(exact) if len(exact) > 1 else 0.0
    return [one / (float(spread) + epsilon) if scale and one else one for one in centred]


def o1_pruner(c: list[int], lengths: list[int], alpha: float) -> list[float]:
    """Weights of one problem's samples, clipped."""
    mean, rate = Fraction(sum(lengths), len(lengths)), Fraction(sum(c), len(c))
    weights = [
        (mean - length) / length + Fraction(alpha) * (right - rate) for right, length in zip(c, lengths, strict=True)
    ]
    return [float(max(Fraction(-2), min(Fraction(4), weight))) for weight in weights]


def standardised(weights: list[float]) -> list[float]:
    """Less their mean, over their population standard deviation."""
    return [(one - statistics.mean(weights)) / statistics.pstdev(weights) for one in weights]


def reweighted(weights: list[float], benefits: list[float], eta: float, smoothing: float) -> list[float]:
    """Shares of the short and the long stream after one update."""
    raw = [weight * math.exp(eta * benefit) for weight, benefit in zip(weights, benefits, strict=True)]
    return [(1 - smoothing) * one / sum(raw) + smoothing / len(raw) for one in raw]


def _tldr(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    found = []
    for right, length in zip(c, lengths, strict=True):
        price = Fraction(str(case["lambda"])) * min(Fraction(length, case["length_scale"]), Fraction(1))
        found.append(right - (price if right or case.get("penalise") != "right" else 0))
    return found


def _tldr_target(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    wanted = Fraction(str(case["target"])) * REFERENCE
    off = [min(Fraction(1), abs(length - wanted) / REFERENCE) for length in lengths]
    return [right - Fraction(str(case["lambda"])) * one for right, one in zip(c, off, strict=True)]


def _l1_exact(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    price = Fraction(str(case["alpha"]))
    return [right - price * abs(case["tokens"] - length) for right, length in zip(c, lengths, strict=True)]


def _l1_max(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    found = []
    for right, length in zip(c, lengths, strict=True):
        slope = Fraction(str(case["alpha"])) * (case["tokens"] - length)
        delta = Fraction(0) if slope < -1 else Fraction(1) if slope > 1 else (slope + 1) / 2
        found.append(right + delta if case.get("combine") == "add" else right * delta)
    return found


def _kimi(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    least, most = min(lengths), max(lengths)
    found = []
    for right, length in zip(c, lengths, strict=True):
        place = Fraction(0) if most == least else Fraction(1, 2) - Fraction(length - least, most - least)
        found.append(right + Fraction(str(case["weight"])) * (place if right or place < 0 else 0))
    return found


def _efficient(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[float]:
    ours = [length for right, length in zip(c, lengths, strict=True) if right]
    found = []
    for right, length in zip(c, lengths, strict=True):
        z = (length - statistics.mean(ours)) / (statistics.pstdev(ours) + 1e-7) if right else 0.0
        found.append(1 - case["alpha"] / (1 + math.exp(-z)) if right else 0.0)
    return found


def _grpo_lambda(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[float]:
    if Fraction(sum(c), len(c)) < Fraction(str(case["solved"])):
        return [float(right) for right in c]
    return _efficient(case, c, lengths, _)


def _dast(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    p = Fraction(sum(c), len(c))
    ours = [length for right, length in zip(c, lengths, strict=True) if right]
    budget = p * (Fraction(sum(ours), len(ours)) if ours else 0) + (1 - p) * case["max_length"]
    found = []
    for right, length in zip(c, lengths, strict=True):
        u = (length - budget) / budget
        found.append(max((1 - u) / 2, Fraction(1, 10)) if right else min((9 * u - 1) / 10, Fraction(-1, 10)))
    return found


def _overlong(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    found = []
    for right, length in zip(c, lengths, strict=True):
        free = case["max_length"] - case["cache"]
        lost = Fraction(0) if length <= free else Fraction(free - length, case["cache"])
        found.append(right + Fraction(case.get("weight", 1)) * (Fraction(-1) if length > case["max_length"] else lost))
    return found


def _linear(case: dict[str, Any], c: list[int], lengths: list[int], _: dict[str, Any]) -> list[Fraction]:
    price = Fraction(str(case["lambda"])) * Fraction(sum(c), len(c))
    ratios = [min(Fraction(1), Fraction(length, case["length_scale"])) for length in lengths]
    return [right - price * ratio for right, ratio in zip(c, ratios, strict=True)]


def _aalc(case: dict[str, Any], c: list[int], lengths: list[int], state: dict[str, Any]) -> list[float]:
    target, accuracy = case.get("target") or state.get("start"), state.get("accuracy")
    reached = 0.0 if target is None or accuracy is None else min(1.0, accuracy / target)
    found = []
    for right, length in zip(c, lengths, strict=True):
        wanted = 1 - min(reached ** case.get("beta", 32), min(1.0, length / case["length_scale"]))
        found.append((0.9 + 0.1 * (1 - reached)) * right + case.get("alpha", 0.1) * wanted)
    return found


def _lazy(case: dict[str, Any], c: list[int], lengths: list[int], state: dict[str, Any]) -> list[float]:
    ours = [length for right, length in zip(c, lengths, strict=True) if right]
    steady = "accuracy" in state and state["accuracy"] >= state["best"] - 0.05
    if not steady or len(set(ours)) < 2:
        return [float(right) for right in c]
    found = []
    for right, length in zip(c, lengths, strict=True):
        over = max(0, length - min(ours) - case["tolerance"]) / (max(ours) - min(ours))
        found.append(1 - case["weight"] * over if right else 0.0)
    return found


def _thinkprune(case: dict[str, Any], c: list[int], lengths: list[int], state: dict[str, Any]) -> list[int]:
    stage = min(state["step"] // case["stage_steps"], len(case["caps"]) - 1)
    return [int(right and length <= case["caps"][stage]) for right, length in zip(c, lengths, strict=True)]


def conformance() -> dict[str, Any]:
    """All of it, rounded to twelve digits."""
    rewards = [
        {"reward": case, "rewards": {name: _rounded(reward(case, group)) for name, group in GROUPS.items()}}
        for case in CASES
    ]
    plain = {name: reward(CASES[0], group) for name, group in GROUPS.items()}
    mixed, lengths = GROUPS["mixed"]["c"], GROUPS["mixed"]["L"]
    weights = o1_pruner(mixed, lengths, 2)
    shares, updates = [0.5, 0.5], []
    for benefits in ([0.5, 0.0], [0.4, 0.0], [0.2, 0.3], [0.0, 0.0]):
        shares = reweighted(shares, benefits, 4, 1e-4)
        updates.append({"benefits": benefits, "weights": _rounded(shares)})
    return {
        "groups": GROUPS,
        "reference": REFERENCE,
        "rewards": rewards,
        "advantages": {
            "of": CASES[0],
            "group, 1e-6": {name: _rounded(advantages(found, True)) for name, found in plain.items()},
            "group, 1e-4": {name: _rounded(advantages(found, True, 1e-4)) for name, found in plain.items()},
            "none": {name: _rounded(advantages(found, False)) for name, found in plain.items()},
        },
        "o1_pruner": {"alpha": 2, "weights": _rounded(weights), "standardised": _rounded(standardised(weights))},
        "reweighting": {"eta": 4, "smoothing": 1e-4, "updates": updates},
    }


def _rounded(found: list[float]) -> list[float]:
    return [round(one, 12) + 0.0 for one in found]


if __name__ == "__main__":
    print(json.dumps(conformance(), ensure_ascii=False))
