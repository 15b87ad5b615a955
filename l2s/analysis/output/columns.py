"""Columns of the CSV tables, in order: a header is the same whatever the verdicts were."""

from l2s.analysis.inputs.facts import MAKING
from l2s.core.summary import with_ends

TABLES: dict[str, tuple[str, ...]] = {
    "summary": with_ends(
        "run", "model", "control", "benchmark", "n", "problems", "accuracy~", "tokens~", "reduction", "truncated",
        "accuracy_finished", "no_answer", "closed", "think_tokens", "reflective", "reflections",
        "reflections_when_any", "verdict", "difference~", "won", "lost", "p_value", "p_holm", "minimum_detectable",
        "ratio~", "reduction_low", "reduction_high", "chosen", "accuracy_finished_low", "accuracy_finished_high",
        "accuracy_truncated_wrong~", "accuracy_truncated_right", "unparsed", "grading_limit", "reflective_low",
        "reflective_high", "reflective_study", "reflections_study", "tokens_right~", "tokens_wrong~",
        "tokens_finished", "retokenised", "to_answer~", "after_answer~", "after_answer_share", "answers", "changed",
        "corrected~", "spoiled~", "looping", "seconds", *MAKING,
    ),
    "levels": with_ends(
        "run", "benchmark", "level", "n", "accuracy~", "tokens~", "truncated", "reflective~", "reflective_study",
        "reflections_study", "reflections", "reflections_when_any", "think_tokens", "reduction~", "difference~",
        "corrected", "spoiled", "looping",
    ),
    "comparisons": with_ends(
        "run", "baseline", "benchmark", "n", "problems", "unpaired", "difference~", "won", "lost", "p_value",
        "p_holm", "minimum_detectable", "ratio~", "reduction~", "verdict",
    ),
    "overall": with_ends(
        "run", "baseline", "benchmarks", "accuracy_mean~", "accuracy_pooled~", "n", "problems", "tokens_total",
        "reduction_mean_of_benchmarks~", "reduction_total_tokens~", "reduction_both_finished~", "difference~",
        "p_value", "p_holm", "minimum_detectable", "verdict",
    ),
    "efficiency": with_ends(
        "run", "benchmark", "n", "tokens_per_correct~", "relative_cost_per_correct~", "aes~", "eflops_reduction~",
        "accuracy_per_1000_tokens", "acu", "outcome_efficiency", "eflops~", "prompt_tokens", "total_tokens",
        "seconds",
    ),
    "pareto": with_ends(
        "benchmark", "run", "accuracy~", "tokens~", "on_front", "front_share", "dominated_by", "contribution"
    ),
    "hypervolume": with_ends("benchmark", "hypervolume~", "runs", "reference_tokens"),
    "samples": with_ends("run", "benchmark", "k", "problems", "pass_at_k~", "maj_at_k~"),
    "controls": with_ends(
        "model", "kind", "run", "benchmark", "value", "target", "n", "accuracy~", "tokens~", "think_tokens",
        "within", "acted", "truncated", "budget_accuracy", "gain_over_budget~",
    ),
    "curves": with_ends(
        "model", "kind", "benchmark", "points", "control", "scaling", "performance", "monotone", "target_error"
    ),
    "sensitivity": with_ends(
        "method", "coefficient", "value", "run", "benchmark", "n", "accuracy~", "tokens~", "step", "change~",
        "change_per_tenth", "tokens_change_ratio", "calibration",
    ),
    "scale": with_ends(
        "method", "benchmark", "run", "parameters", "n", "accuracy~", "difference~", "reduction~", "verdict"
    ),
    "asked": with_ends(
        "model", "benchmark", "length_level", "run", "n", "accuracy~", "tokens~", "difference~", "verdict",
        "ratio_to_shorter~", "p_step", "distinct", "ordered",
    ),
    "rivals": with_ends(
        "way", "run", "benchmark", "n", "accuracy~", "tokens~", "tokens_right~", "tokens_wrong~", "reduction~",
        "difference~", "verdict", "on_front", "best", *MAKING,
    ),
    "sampled": with_ends(
        "run", "beside", "benchmark", "n", "problems", "temperature", "top_p", "top_k", "accuracy_beside~",
        "accuracy~", "difference~", "p_value", "tokens_beside~", "tokens~", "ratio~", "difference_sampled~",
        "ratio_sampled~", "verdict",
    ),
    "takeaways": with_ends("id", "claim", "source", "on", "status", "sentence", "numbers", "caveat"),
}  # fmt: skip
"""CSV name to its columns."""
