from itertools import combinations

import pytest

from l2s.benchmarks.contamination import normalised, refuse_contamination
from l2s.core.errors import ConfigError

SAME = [
    ["How many coins does Tom have?", "how many  coins\ndoes Tom have", "How many “coins” does Tom have ?!"[:-1]],
    ["Find $1,000 + 2$.", "Find 1000+2", "find \\(1000 + 2\\)", "Find $1{,}000\\, + 2$"],
    ["Find $3 \\times 4 - 1$.", "find 3 × 4 − 1", "Find 3*4–1"],
    ["Let $\\left(x\\right)$ be 2.5", "let (x) be 2.5."],
    ["ﬁnd ２", "find 2"],
]
DIFFERENT = [
    ["Tom has 3 more.", "Tom has 4 more.", "Tom has 3 fewer.", "Tom has 34 more."],
    ["2 + 3", "2 - 3", "2 * 3", "2 / 3", "(2 + 3)", "23", "2.3", "2, 3"],
    ["x > 3", "x < 3", "x = 3", "x^3", "x!"],
    ["問題一", "問題二"],
    ["…", "?!"],
]


@pytest.mark.parametrize("texts", SAME)
def test_one_problem_written_in_several_ways(texts: list[str]) -> None:
    assert len({normalised(text) for text in texts}) == 1


@pytest.mark.parametrize("texts", DIFFERENT)
def test_problems_that_differ(texts: list[str]) -> None:
    for one, other in combinations(texts, 2):
        assert normalised(one) != normalised(other)


def problems(name: str, *texts: str) -> list[dict[str, str]]:
    return [{"id": f"{name}-{number}", "problem": text} for number, text in enumerate(texts)]


def test_shared_problems_are_named_in_one_sentence() -> None:
    training = {"slow": problems("s", "a 1", "b 2", "c 3", "c 3", "d 4", "e 5"), "quick": problems("q", "z")}
    benchmarks = {"dev": problems("d", "X", "B  2."), "test": problems("t", "C 3", "D 4!", "E 5?", "y")}
    refuse_contamination(training, {"dev": problems("d", "new")})
    refuse_contamination(training, {})
    with pytest.raises(ConfigError) as refused:
        refuse_contamination(training, {**benchmarks, "test": problems("t", "C 3", "D 4.", "E 5?", "y")})
    assert str(refused.value) == (
        "4 of 6 training problems are asked by benchmarks: s-1 of slow is d-1 of dev, s-2 of slow is t-0 of test, "
        "s-4 of slow is t-1 of test, and 1 more; train on problems that no benchmark asks"
    )
