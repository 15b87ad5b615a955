"""The columns of the page's tables."""

from l2s.report.parts.numbers import Column

ACCURACY = Column("accuracy", "accuracy, %", "share of right answers; a truncated answer is wrong", 100)
TOKENS = Column("tokens", "tokens", "mean generated tokens a response, everything spent")
CHANGE = Column("reduction", "vs slow, %", "change of the mean length, on the same problems", -100, signed=True)
DIFFERENCE = Column("difference", "Δ accuracy", "points, on the same problems", 100, signed=True)
N = Column("n", "n", "responses", digits=0)
P_VALUE = Column("p_holm", "p", "McNemar's exact test, Holm over all comparisons", digits=3, least=0.001)
REFLECTIVE = Column("reflective", "reflect, %", "answers with at least one second thought", 100)
TRUNCATED = Column("truncated", "cut, %", "answers stopped by the token limit", 100)
RIGHT = Column("tokens_right", "tokens when right", "mean length of right answers")
WRONG = Column("tokens_wrong", "tokens when wrong", "mean length of wrong answers")

CHANGE_TOLD = Column("reduction", "", "", -100, unit=" % tokens", signed=True)
DIFFERENCE_TOLD = Column("difference", "", "", 100, unit=" points", signed=True)
"""As they stand in a sentence."""

COST = [
    N,
    Column("tokens_per_correct", "tokens per right answer", "all tokens spent over the number of right answers"),
    Column("relative_cost_per_correct", "against slow, %", "tokens per right answer, of the slow run's", 100),
    Column("aes", "AES", "accuracy-efficiency score against the slow run, 0 = as good", digits=2, signed=True),
    Column("eflops_reduction", "eFLOPs vs slow, %", "compute and memory traffic an answer", -100, signed=True),
    Column("accuracy_per_1000_tokens", "accuracy per 1,000 tokens", "right answers per 1,000 tokens", digits=2),
    Column("seconds", "seconds", "mean seconds a response", digits=2),
]
INSIDE = [
    N,
    Column("to_answer", "tokens to the answer", "until the final answer is first stated"),
    Column("after_answer", "tokens after it", "spent after the final answer was first stated"),
    RIGHT,
    WRONG,
    REFLECTIVE,
    Column("corrected", "corrected, %", "an earlier answer was wrong, the final one is right", 100),
    Column("spoiled", "spoiled, %", "an earlier answer was right, the final one is wrong", 100),
    Column("looping", "looping, %", "answers that end in a repetition loop", 100),
]
OVERALL = [
    Column("problems", "problems", "", digits=0),
    Column("accuracy_mean", "accuracy, mean of benchmarks, %", "the study's Avg: every benchmark weighs the same", 100),
    Column("accuracy_pooled", "accuracy, all problems, %", "every problem weighs the same", 100),
    Column("difference", "Δ accuracy", "points against slow, all problems", 100, signed=True),
    Column(
        "reduction_mean_of_benchmarks",
        "tokens, mean of benchmarks, %",
        "mean of the changes per benchmark: the study's",
        -100,
        signed=True,
    ),
    Column("reduction_total_tokens", "tokens, total, %", "change of the sum of tokens", -100, signed=True),
    Column(
        "reduction_both_finished",
        "tokens, where both finished, %",
        "over problems that neither run cut",
        -100,
        signed=True,
    ),
]
CONTROLS = [
    N,
    Column("value", "setting", "its own number: of a budget the tokens, of early exit the threshold", digits=None),
    TOKENS,
    Column("think_tokens", "thinking", "mean tokens of thinking"),
    ACCURACY,
    Column("within", "inside the range, %", "responses of the length asked for (s1: Control)", 100),
    Column("gain_over_budget", "against a budget", "accuracy over a budget's at the same tokens", 100, signed=True),
    TRUNCATED,
]
CURVES = [
    Column("points", "points", "budgets on the curve", digits=0),
    Column("control", "control", "responses of the length asked for (arXiv:2501.19393)", digits=2),
    Column("scaling", "scaling", "accuracy per 1,000 tokens, mean slope over all pairs", digits=3, signed=True),
    Column("performance", "performance", "best accuracy on the curve", digits=3),
    Column("target_error", "target error, %", "mean distance from the length asked for", 100),
]
RIVALS = [N, ACCURACY, TOKENS, CHANGE, DIFFERENCE, RIGHT, WRONG]
MAKING = [
    ACCURACY,
    TOKENS,
    Column("tokens_sampled", "tokens sampled", "of the samples that it learned from", digits=0),
    Column("tokens_generated", "tokens generated", "while it was trained", digits=0),
    Column("tokens_trained", "tokens trained on", "whose loss counted, each as often as it did", digits=0),
]
ASKED = [
    N,
    ACCURACY,
    TOKENS,
    DIFFERENCE,
    Column("ratio_to_shorter", "to the level below", "ratio of mean tokens, on the same problems", digits=2),
    Column(
        "p_step", "p", "sign test of each problem's tokens, exact, Holm over the model's steps", digits=3, least=0.001
    ),
]
SAMPLED = [
    N,
    Column("temperature", "temperature", "of the run with sampling of its own", digits=None),
    Column("accuracy_beside", "accuracy without, %", "of the run beside it, which answers as all others do", 100),
    Column("accuracy", "sampled, %", "share of right answers under its own sampling", 100),
    Column("difference", "Δ accuracy", "points, sampled less without, on the same problems", 100, signed=True),
    Column("tokens_beside", "tokens without", "mean generated tokens a response"),
    Column("tokens", "tokens sampled", "mean generated tokens a response"),
    Column("difference_sampled", "Δ to slow sampled", "points, against slow under the same sampling", 100, signed=True),
]
SWEEP = [
    N,
    Column("value", "value", "of the coefficient", digits=None),
    ACCURACY,
    TOKENS,
    Column("change", "Δ accuracy", "points against the value before, paired", 100, signed=True),
    Column("tokens_change_ratio", "tokens ratio", "to the value before", digits=2),
]
SAMPLES = [
    Column("k", "k", "samples a problem", digits=0),
    Column("problems", "problems", "", digits=0),
    Column("pass_at_k", "pass@k, %", "at least one of k is right (unbiased)", 100),
    Column("maj_at_k", "maj@k, %", "the most frequent of k is right", 100),
]
SCALE = [
    N,
    Column("parameters", "weights", "parameters of the model", digits=0),
    ACCURACY,
    DIFFERENCE,
    CHANGE,
]
LEVEL = [
    N,
    ACCURACY,
    TOKENS,
    DIFFERENCE,
    CHANGE,
    REFLECTIVE,
]
"""A run's details by level."""

DETAILS = [
    Column("n", "responses", "", digits=0),
    Column("problems", "problems", "", digits=0),
    ACCURACY,
    Column("accuracy_finished", "accuracy without cut answers, %", "", 100),
    Column("accuracy_truncated_wrong", "accuracy, cut answers wrong, %", "", 100),
    Column("accuracy_truncated_right", "accuracy, cut answers right, %", "", 100),
    Column("no_answer", "no answer, %", "", 100),
    TRUNCATED,
    TOKENS,
    Column("think_tokens", "tokens of thinking", ""),
    CHANGE,
    Column("difference", "Δ accuracy, points", "", 100, signed=True),
    Column("won", "won", "", digits=0),
    Column("lost", "lost", "", digits=0),
    Column("p_holm", "p (Holm)", "", digits=3, least=0.001),
    Column("minimum_detectable", "smallest difference it could see, points", "", 100),
    *INSIDE[1:],
    Column("reflections_when_any", "second thoughts, where there are any", ""),
    *COST[1:],
    Column("front_share", "on the Pareto front in resamples, %", "", 100, 0),
]
"""A run's details, one benchmark a column."""
