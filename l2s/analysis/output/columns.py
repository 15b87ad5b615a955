"""Columns of the CSV tables, in order: a header is the same whatever the verdicts were."""

from l2s.analysis.inputs.facts import MAKING


def _with(*names: str) -> tuple[str, ...]:
    """Names; ``x~`` stands for x, x_low and x_high."""
    return tuple(
        column
        for name in names
        for column in ([name[:-1], f"{name[:-1]}_low", f"{name[:-1]}_high"] if name.endswith("~") else [name])
    )


TABLES: dict[str, tuple[str, ...]] = {
    "summary": _with(
        "run", "model", "control", "benchmark", "n", "problems", "accuracy~", "tokens~", "reduction", "truncated",
        "accuracy_finished", "no_answer", "closed", "think_tokens", "reflective", "reflections",
        "reflections_when_any", "verdict", "difference~", "won", "lost", "p_value", "p_holm", "minimum_detectable",
        "ratio~", "reduction_low", "reduction_high", "chosen", "accuracy_finished_low", "accuracy_finished_high",
        "accuracy_truncated_wrong~", "accuracy_truncated_right", "unparsed", "grading_limit", "reflective_low",
        "reflective_high", "reflective_study", "reflections_study", "tokens_right~", "tokens_wrong~",
        "tokens_finished", "retokenised", "to_answer~", "after_answer~", "after_answer_share", "answers", "changed",
        "corrected~", "spoiled~", "looping", "seconds", *MAKING,
    ),
    "levels": _with(
        "run", "benchmark", "level", "n", "accuracy~", "tokens~", "truncated", "reflective~", "reflective_study",
        "reflections_study", "reflections", "reflections_when_any", "think_tokens", "reduction~", "difference~",
        "corrected", "spoiled", "looping",
    ),
    "comparisons": _with(
        "run", "baseline", "benchmark", "n", "problems", "unpaired", "difference~", "won", "lost", "p_value",
        "p_holm", "minimum_detectable", "ratio~", "reduction~", "verdict",
    ),
    "overall": _with(
        "run", "baseline", "benchmarks", "accuracy_mean~", "accuracy_pooled~", "n", "problems", "tokens_total",
        "reduction_mean_of_benchmarks~", "reduction_total_tokens~", "reduction_both_finished~", "difference~",
        "p_value", "p_holm", "minimum_detectable", "verdict",
    ),
    "efficiency": _with(
        "run", "benchmark", "n", "tokens_per_correct~", "relative_cost_per_correct~", "aes~", "eflops_reduction~",
        "accuracy_per_1000_tokens", "acu", "outcome_efficiency", "eflops~", "prompt_tokens", "total_tokens",
        "seconds",
    ),
    "pareto": _with(
        "benchmark", "run", "accuracy~", "tokens~", "on_front", "front_share", "dominated_by", "contribution"
    ),
    "hypervolume": _with("benchmark", "hypervolume~", "runs", "reference_tokens"),
    "samples": _with("run", "benchmark", "k", "problems", "pass_at_k~", "maj_at_k~"),
    "controls": _with(
        "model", "kind", "run", "benchmark", "value", "target", "n", "accuracy~", "tokens~", "think_tokens",
        "within", "acted", "truncated", "budget_accuracy", "gain_over_budget~",
    ),
    "curves": _with(
        "model", "kind", "benchmark", "points", "control", "scaling", "performance", "monotone", "target_error"
    ),
    "sensitivity": _with(
        "method", "coefficient", "value", "run", "benchmark", "n", "accuracy~", "tokens~", "step", "change~",
        "change_per_tenth", "tokens_change_ratio", "calibration",
    ),
    "scale": _with(
        "method", "benchmark", "run", "parameters", "n", "accuracy~", "difference~", "reduction~", "verdict"
    ),
    "asked": _with(
        "model", "benchmark", "length_level", "run", "n", "accuracy~", "tokens~", "difference~", "verdict",
        "ratio_to_shorter~", "p_step", "distinct", "ordered",
    ),
    "rivals": _with(
        "way", "run", "benchmark", "n", "accuracy~", "tokens~", "tokens_right~", "tokens_wrong~", "reduction~",
        "difference~", "verdict", "on_front", "best", *MAKING,
    ),
    "sampled": _with(
        "run", "beside", "benchmark", "n", "problems", "temperature", "top_p", "top_k", "accuracy_beside~",
        "accuracy~", "difference~", "p_value", "tokens_beside~", "tokens~", "ratio~", "difference_sampled~",
        "ratio_sampled~", "verdict",
    ),
    "takeaways": _with("id", "claim", "source", "on", "status", "sentence", "numbers", "caveat"),
}  # fmt: skip
"""CSV name to its columns."""
