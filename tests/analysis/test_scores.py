"""Efficiency, the Pareto front, samples, curves, sensitivity: by hand and by brute force."""

import itertools
import math
import random

import numpy as np
import polars as pl
import pytest

from l2s.analysis.inputs.coefficients import coefficients_of
from l2s.analysis.inputs.facts import RunFacts, run_facts
from l2s.analysis.results.controls import scaling
from l2s.analysis.results.differences import accuracy_minus, newcombe
from l2s.analysis.results.efficiency import aes, eflops
from l2s.analysis.results.pareto import hypervolume, pareto_front
from l2s.analysis.results.samples import majority, pass_at_k
from l2s.analysis.results.sensitivity import sweeps
from l2s.analysis.settings import AesParams, AnalysisParams
from l2s.analysis.statistics.accuracy import Interval, wilson
from l2s.analysis.statistics.paired import tango
from tests.analysis.simulate import analysed, verdict_rows

SETTINGS = AnalysisParams(slow="slow", bootstrap=200, seed=1)


def report(rows, settings=SETTINGS, facts=None):  # type: ignore[no-untyped-def]
    return analysed(rows, settings, facts)


def only(rows, **wanted):  # type: ignore[no-untyped-def]
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


def test_aes_by_hand() -> None:
    """Half the tokens: 0.5; 90 % → 81 % loses a tenth, times 5; 90 % → 99 % gains a tenth, times 3."""
    found = aes(np.array([0.9, 0.81, 0.99]), np.full(3, 0.9), np.full(3, 50.0), np.full(3, 100.0), AesParams())
    assert found == pytest.approx([0.5, 0.0, 0.8])
    other = aes(np.array([0.81]), np.array([0.9]), np.array([50.0]), np.array([100.0]), AesParams(alpha=2, gamma=10))
    assert other == pytest.approx([0.0])


def test_eflops_are_the_paper_s_formula() -> None:
    """C = 2 P L + 2 r L_i D L + r D L² + 2 I L_i D L + I D L², D: cache entries a token, r: heads a key-value head."""
    facts = RunFacts(parameters=7_000_000, layers=4, heads=8, kv_heads=2, head_dim=16)
    prompt, generated, ratio, cache, cost = 30.0, 200.0, 4, 2 * 2 * 16 * 4, 562.5
    expected = (
        2 * 7e6 * generated
        + 2 * ratio * prompt * cache * generated
        + ratio * cache * generated**2
        + 2 * cost * prompt * cache * generated
        + cost * cache * generated**2
    )
    found = eflops(np.array([prompt]), np.array([generated]), facts, cost)
    assert found is not None and found[0] == pytest.approx(expected)
    assert eflops(np.array([1.0]), np.array([1.0]), RunFacts(parameters=5), cost) is None


def test_efficiency_rows_by_recounting() -> None:
    rows = verdict_rows({"slow": 0.9, "merge": 0.8}, {"test": 100}, seed=3)
    size = {"parameters": 1000, "layers": 1, "heads": 2, "kv_heads": 1, "head_dim": 4}
    found = report(rows, facts={name: RunFacts(**size) for name in ("slow", "merge")})
    own, slow = ([row for row in rows if row["run"] == run] for run in ("merge", "slow"))
    row = only(found.efficiency, run="merge")
    cost = sum(r["tokens"] for r in own) / sum(r["correct"] for r in own)
    slow_cost = sum(r["tokens"] for r in slow) / sum(r["correct"] for r in slow)
    assert row["tokens_per_correct"] == pytest.approx(cost)
    assert row["tokens_per_correct_low"] < cost < row["tokens_per_correct_high"]
    assert row["relative_cost_per_correct"] == pytest.approx(cost / slow_cost)
    means = [sum(r["tokens"] for r in side) / 100 for side in (own, slow)]
    shares = [sum(r["correct"] for r in side) / 100 for side in (own, slow)]
    assert row["accuracy_per_1000_tokens"] == pytest.approx(1000 * shares[0] / means[0])
    assert row["acu"] == pytest.approx(1e12 * shares[0] / 1000 / means[0])
    loss = (shares[1] - shares[0]) / shares[1]
    assert shares[0] < shares[1] and row["aes"] == pytest.approx(1 - means[0] / means[1] - 5 * loss)
    assert row["aes_low"] < row["aes"] < row["aes_high"]
    assert row["eflops_reduction"] > row["aes"] - 9 and row["eflops"] > 2 * 1000 * means[0]
    assert only(found.efficiency, run="slow")["aes"] is None and row["total_tokens"] == 100 * means[0]
    unknown = only(report(rows).efficiency, run="merge")
    assert unknown["eflops"] is None and unknown["acu"] is None and unknown["aes"] == pytest.approx(row["aes"])


def test_attention_is_paid_by_response_and_not_by_the_mean_length() -> None:
    """Equal mean lengths, unequal squares."""
    rows = verdict_rows({"slow": 0.9, "even": 0.9}, {"test": 40})
    for row in rows:
        row["tokens"] = 100 if row["run"] == "even" else 200 * (int(row["id"]) % 2)
    size = RunFacts(parameters=10, layers=8, heads=8, kv_heads=8, head_dim=64)
    found = report(rows, facts={"slow": size, "even": size})
    assert only(found.efficiency, run="even")["eflops"] < 0.8 * only(found.efficiency, run="slow")["eflops"]


def area_by_counting(points: list[tuple[float, float]]) -> float:
    """Cells of a fine grid that some run dominates."""
    grid = (np.arange(400) + 0.5) / 400
    return float(np.any([(grid[:, None] < x) & (grid[None, :] < y) for x, y in points], axis=0).mean())


def test_hypervolume_by_counting_cells() -> None:
    rng = random.Random(0)
    for runs in (1, 2, 7):
        points = [(rng.uniform(-0.5, 1), rng.random()) for _ in range(runs)]
        saved, right = (np.array([[p[k] for p in points]]) for k in (0, 1))
        assert hypervolume(saved, right)[0] == pytest.approx(area_by_counting(points), abs=0.006)
    assert hypervolume(np.zeros((3, 0)), np.zeros((3, 0))).tolist() == [0, 0, 0]


def test_pareto_rows_agree_with_the_front() -> None:
    found = report(verdict_rows(seed=4))
    rows = [row for row in found.pareto if row["benchmark"] == "test"]
    assert sorted(row["run"] for row in rows if row["on_front"]) == sorted(found.front["test"])
    points = {row["run"]: (row["tokens"], row["accuracy"]) for row in rows}
    for row in rows:
        beating = {
            run for run, (tokens, right) in points.items()
            if run != row["run"] and tokens <= points[row["run"]][0] and right >= points[row["run"]][1]
        }  # fmt: skip
        assert set(row["dominated_by"].split()) == beating and row["on_front"] == (not beating)
        assert (row["contribution"] > 0) <= row["on_front"] and 0 <= row["front_share"] <= 1
    area = only(found.hypervolume, benchmark="test")
    reference = points["slow"][0]
    kept = [(1 - tokens / reference, right) for tokens, right in points.values()]
    assert area["hypervolume"] == pytest.approx(area_by_counting(kept), abs=0.006)
    assert area["hypervolume_low"] < area["hypervolume"] < area["hypervolume_high"]
    assert pareto_front(points) == found.front["test"]


def test_of_equal_runs_one_is_on_the_front() -> None:
    rows = verdict_rows({"slow": 0.9}, {"test": 30})
    twins = [{**row, "run": run, "model": run} for row in rows for run in ("slow", "twin")]
    assert [row["on_front"] for row in report(twins).pareto] == [True, False]


def test_runs_with_other_problems_do_not_enter_the_front() -> None:
    rows = [row for row in verdict_rows(per_benchmark={"test": 30}) if row["run"] != "quick" or row["id"] != "3"]
    found = report(rows, SETTINGS.model_copy(update={"pairing": "shared"}))
    assert "quick" not in {row["run"] for row in found.pareto} and len(found.pareto) == 4


def test_pass_at_k_counts_subsets() -> None:
    for n, right, k in itertools.product((1, 3, 6), range(7), (1, 2, 5)):
        if right <= n and k <= n:
            some = [any(place < right for place in drawn) for drawn in itertools.combinations(range(n), k)]
            found = pass_at_k(np.array([n]), np.array([right]), k)
            assert found[0] == pytest.approx(sum(some) / math.comb(n, k)), (n, right, k)


def test_majority() -> None:
    assert majority(["a", "a", "b"], [True, True, False], 3) == 1
    assert majority(["a", "b"], [True, False], 2) == 0.5, "a tie counts its part"
    assert majority([None, None, "b"], [False, False, True], 3) == 1, "who says nothing does not vote"
    assert majority([None, None], [False, False], 2) == 0
    assert majority(["a", "a", "b", "b", "c"], [True, True, False, False, True], 2) == 0.5, "two groups, one left over"


def test_sample_rows() -> None:
    rows = verdict_rows({"slow": 0.7, "merge": 0.5}, {"test": 60}, samples=6)
    whole = report(rows)
    found = [row for row in whole.samples if row["run"] == "merge"]
    assert [row["k"] for row in found] == [1, 2, 4, 6]
    own = only(whole.rows, run="merge")
    assert found[0]["pass_at_k"] == found[0]["maj_at_k"] == pytest.approx(own["accuracy"])
    values = [row["pass_at_k"] for row in found]
    assert values == sorted(values) and all(r["pass_at_k_low"] < r["pass_at_k"] <= r["pass_at_k_high"] for r in found)
    assert report([row for row in rows if row["sample"] == 0]).samples == []
    uneven = [row for row in rows if not (row["id"] == "3" and row["sample"] > 1)]
    assert [r["problems"] for r in report(uneven).samples if r["run"] == "merge"] == [60, 60, 59, 59]


def test_scaling_is_the_mean_slope_over_pairs() -> None:
    """Slopes 0.2/100, 0.3/200 and 0.1/100 per token."""
    assert scaling([(100, 0.5), (200, 0.7), (300, 0.8)]) == pytest.approx(1000 * (0.002 + 0.0015 + 0.001) / 3)
    assert scaling([(100, 0.5)]) is None and scaling([(100, 0.5), (100, 0.6)]) is None


def controlled(problems: int = 200) -> list[dict]:  # type: ignore[type-arg]
    runs = {"slow": 0.95, "slow-budget-40": 0.4, "slow-budget-80": 0.7, "slow-eot_temperature-0.8": 0.9, "merge": 0.9}
    rows = verdict_rows(runs, {"test": problems})
    lengths = {"slow": 100, "slow-budget-40": 40, "slow-budget-80": 80, "slow-eot_temperature-0.8": 60, "merge": 30}
    for row in rows:
        row |= {
            "model": row["run"].split("-")[0],
            "tokens": lengths[row["run"]],
            "think_tokens": 30 + int(row["id"]) % 20,
        }
    return rows


def test_curves_of_controls() -> None:
    found = report(controlled())
    assert {row["run"] for row in found.controls} == {"slow", *[r["run"] for r in found.controls if "-" in r["run"]]}
    assert len(found.controls) == 4, "a model without controlled runs is no curve"
    first, curve = only(found.controls, run="slow-budget-40"), only(found.curves, kind="budget")
    assert (first["value"], first["target"]) == (40, 40) and first["within"] == pytest.approx(11 / 20)
    shares = {row["run"]: row["accuracy"] for row in found.controls}
    slope = 1000 * (shares["slow-budget-80"] - shares["slow-budget-40"]) / 40
    assert curve["points"] == 2 and curve["scaling"] == pytest.approx(slope) and curve["monotone"] == 1
    assert curve["control"] == pytest.approx((11 / 20 + 1) / 2) and curve["target_error"] == 0
    assert curve["performance"] == shares["slow-budget-80"]
    other = only(found.controls, kind="eot_temperature")
    middle = (shares["slow-budget-40"] + shares["slow-budget-80"]) / 2
    assert other["budget_accuracy"] == pytest.approx(middle) and other["value"] == 0.8 and other["within"] is None
    assert other["gain_over_budget"] == pytest.approx(shares["slow-eot_temperature-0.8"] - middle)
    assert other["gain_over_budget_low"] > 0.2 and only(found.curves, kind="eot_temperature")["control"] is None


def test_facts_of_controls_win_over_names() -> None:
    facts = {"slow-budget-40": RunFacts(control_kind="prompt", control={"style": "token-budget", "tokens": 64})}
    few = controlled(20)
    row = only(report(few, facts=facts).controls, run="slow-budget-40")
    assert (row["kind"], row["target"], row["value"]) == ("prompt", 64, 64)
    for threshold in (0.95, 0.9999, 0.0):  # a budget under early exit tells two of them not apart
        early = {
            "slow-budget-40": RunFacts(control_kind="early_exit", control={"max_think": 64, "threshold": threshold})
        }
        assert only(report(few, facts=early).controls, run="slow-budget-40")["value"] == threshold
    tempered = {"slow-budget-40": RunFacts(control_kind="eot_temperature", control={"value": 0.0, "min_think": 8})}
    assert only(report(few, facts=tempered).controls, run="slow-budget-40")["value"] == 0
    assert run_facts("slow-concise", "slow", {}).control_kind == "concise"
    assert run_facts("slow", "slow", {}).control_kind is None


def test_coefficients() -> None:
    recipe = {
        "merge_method": "ties", "base_model": "base", "dtype": "bfloat16",
        "models": [
            {"model": "quick", "parameters": {"weight": 0.6, "density": 0.5}},
            {"model": "slow", "parameters": {"weight": 0.4, "density": 0.5}},
        ],
        "parameters": {"lambda": 0.7, "normalize": True, "t": [0, 1]},
    }  # fmt: skip
    assert coefficients_of(recipe) == {
        "share.slow": 0.4, "density": 0.5, "lambda": 0.7, "normalize": True, "t": "[0, 1]"
    }  # fmt: skip
    recipe["models"][0]["parameters"] = {"weight": 1.0, "density": 0.2}  # type: ignore[index]
    found = coefficients_of(recipe)
    assert found["weight.slow"] == 0.4 and found["weight.quick"] == 1.0 and found["density.quick"] == 0.2
    statistics = {"merge_method": "aim", "parameters": {"statistics": "few", "omega": 0.4}}
    assert coefficients_of(statistics, {"few": {"samples": 10}}) == {"omega": 0.4, "calibration.samples": 10}


def test_sweeps_differ_in_one_number() -> None:
    def run(method: str = "ties", **numbers: float | str) -> RunFacts:
        return RunFacts(method=method, coefficients=numbers)

    facts = {
        "a": run(density=0.2, scale=1.0), "b": run(density=0.5, scale=1.0), "c": run(density=0.5, scale=0.5),
        "d": run(density=0.8, scale=1.0, scope="global"), "e": run("linear", density=0.2, scale=1.0),
    }  # fmt: skip
    found = [(sweep.coefficient, sweep.runs) for sweep in sweeps(facts)]
    assert found == [("density", ((0.2, "a"), (0.5, "b"))), ("scale", ((0.5, "c"), (1.0, "b")))]


def test_sensitivity_rows() -> None:
    rows = verdict_rows({"slow": 0.95, "low": 0.9, "high": 0.6}, {"test": 300})
    facts = {
        name: RunFacts(method="task_arithmetic", coefficients={"share.slow": value})
        for name, value in (("low", 0.3), ("high", 0.5))
    }
    first, second = report(rows, facts=facts).sensitivity
    assert (first["run"], first["step"], first["change"]) == ("low", None, None)
    assert second["step"] == pytest.approx(0.2)
    assert second["change"] == pytest.approx(second["accuracy"] - first["accuracy"])
    assert second["change_per_tenth"] == pytest.approx(second["change"] / 2)
    assert second["change_low"] < second["change"] < second["change_high"] < 0
    judged = only(report(rows, facts=facts).takeaways, id="coefficient-tenth", on="runs")
    assert judged["status"] == "contradicted"


def test_calibration_sizes_are_a_sweep_of_their_own() -> None:
    rows = verdict_rows({"slow": 0.95, "few": 0.9, "many": 0.9}, {"test": 50})
    facts = {
        name: RunFacts(method="sens", coefficients={"calibration.samples": size})
        for name, size in (("few", 10), ("many", 100))
    }
    found = report(rows, facts=facts).sensitivity
    assert [(row["value"], row["calibration"]) for row in found] == [(10, True), (100, True)]


def test_scale_and_slow_runs_of_their_own() -> None:
    """Two sizes, each against its own slow run: the large one saves less."""
    runs = {"slow7": 0.9, "ties7": 0.9, "slow14": 0.95, "ties14": 0.95}
    rows = verdict_rows(runs, {"test": 300})
    for row in rows:
        row["tokens"] = {"slow7": 100, "ties7": 50, "slow14": 100, "ties14": 95}[row["run"]] + int(row["id"]) % 7
    facts = {"ties7": RunFacts(method="ties", parameters=7), "ties14": RunFacts(method="ties", parameters=14)}
    settings = SETTINGS.model_copy(update={"slow": "slow7", "baselines": {"ties14": "slow14"}})
    found = report(rows, settings, facts)
    assert {row["run"]: row["baseline"] for row in found.comparisons} == {"ties7": "slow7", "ties14": "slow14"}
    assert {row["run"] for row in found.rows if row["verdict"] == "baseline"} == {"slow7", "slow14"}
    assert [row["parameters"] for row in found.scale] == [7, 14]
    assert found.scale[0]["reduction_low"] > found.scale[1]["reduction_high"]
    assert only(found.takeaways, id="large-hard-to-shorten", on="runs")["status"] == "supported"


def test_takeaways_follow_the_runs() -> None:
    rows = verdict_rows({"slow": 0.97, "ta": 0.97, "ties": 0.6}, {"test": 1000})
    for row in rows:
        row["tokens"] = row["tokens"] // (1 if row["run"] == "slow" else 3) + 20 * row["level"]
        row["correct"] = row["correct"] or row["run"] == "ta"
        row["status"], row["answer"] = ("correct", "7") if row["correct"] else ("incorrect", "8")
    facts = {"ta": RunFacts(method="task_arithmetic"), "ties": RunFacts(method="ties")}
    judged = {one["id"]: one["status"] for one in report(rows, facts=facts).takeaways if one["on"] == "runs"}
    assert judged["half-at-parity-ties"] == "contradicted" and judged["length-with-level"] == "supported"
    assert judged["svd-limited"] == judged["small-struggle"] == "undecided"
    unknown = [one for one in report(rows).takeaways if one["on"] == "runs" and one["id"].startswith("half")]
    assert all(one["status"] == "undecided" and "No run merges" in one["sentence"] for one in unknown)


def test_newcombe_published() -> None:
    """Newcombe 1998, method 10: 56/70 against 48/80 gives .0524 to .3339."""
    found = newcombe(wilson(56, 70, 0.95), wilson(48, 80, 0.95))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert newcombe(Interval(0.5, 0.4, 0.6), Interval(0.5, 0.4, 0.6)).value == 0


def test_accuracy_minus_a_mixture() -> None:
    def part(*correct: bool) -> pl.DataFrame:
        return pl.DataFrame({"id": [str(k) for k in range(len(correct))], "correct": correct})

    one, other, third = part(True, True, False, True), part(False, True, False, True), part(True, False, False, True)
    found = accuracy_minus(one, [(0.25, other), (0.75, third)], 0.95)
    assert found.value == pytest.approx(np.mean([1 - 0.75, 1 - 0.25, 0.0, 0.0]))
    ten = [[k in rows for k in range(30)] for rows in (range(25), range(2, 30), range(0, 30, 3))]
    each = np.array(ten[0]) - 0.25 * np.array(ten[1]) - 0.75 * np.array(ten[2])
    wide = accuracy_minus(part(*ten[0]), [(0.25, part(*ten[1])), (0.75, part(*ten[2]))], 0.95)
    weights = np.random.default_rng(0).exponential(size=(100_000, 31))  # one problem more, at either end
    drawn = [weights @ np.append(each, end) / weights.sum(axis=1) for end in (-1, 1)]
    ends = np.quantile(drawn[0], 0.025), np.quantile(drawn[1], 0.975)
    assert (wide.low, wide.high) == pytest.approx(ends, abs=0.002)
    same = accuracy_minus(one, [(1.0, one)], 0.95)
    none = tango(0, 0, 4, 0.95)
    assert same.low <= none.low and same.high >= none.high, "no disagreement proves no equality"
    assert (same.low, same.high) == pytest.approx((0.025**0.25 - 1, 1 - 0.025**0.25), abs=0.005)
    many = part(*[k % 9 == 0 for k in range(500)])
    few = accuracy_minus(many, [(1.0, part(*[k % 7 == 0 for k in range(500)]))], 0.95)
    won, lost = (sum((k % a == 0) and (k % b != 0) for k in range(500)) for a, b in ((9, 7), (7, 9)))
    asked = tango(won, lost, 500, 0.95)
    assert few.low <= asked.low + 2e-4 and few.high >= asked.high - 2e-4
    assert few == pytest.approx(asked, abs=0.003), "wider by one problem of 500 at either end"
