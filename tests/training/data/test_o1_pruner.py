import pytest

from l2s.core.errors import ConfigError
from l2s.training.data import O1PrunerData, samples_of
from l2s.training.data.o1_pruner import standardised, weights
from tests.training import slowly
from tests.training.data.samples import row, sampled, slow_rows

FOUND = slowly.FOUND["o1_pruner"]
MIXED = slowly.GROUPS["mixed"]


def test_vectors() -> None:
    found = weights([bool(one) for one in MIXED["c"]], MIXED["L"], FOUND["alpha"])
    assert found == pytest.approx(FOUND["weights"], abs=1e-9)
    assert standardised(found, "slow") == pytest.approx(FOUND["standardised"], abs=1e-9)


@pytest.mark.parametrize("alpha", [0, 0.5, 2, 5])
def test_weights_of_every_group(alpha: float) -> None:
    for group in slowly.GROUPS.values():
        found = weights([bool(one) for one in group["c"]], group["L"], alpha)
        assert found == pytest.approx(slowly.o1_pruner(group["c"], group["L"], alpha))
        assert min(found) >= -2 and max(found) <= 4


def test_all_samples_count_in_the_means_and_some_are_used() -> None:
    rows = samples_of(slow_rows(10, 8, seed=4, wrong=0.3), "slow")
    whole = {}
    for number in range(10):
        of = [sample for sample in rows if sample.id == f"p{number}"]
        found = slowly.o1_pruner([int(sample.right) for sample in of], [sample.tokens for sample in of], 2)
        whole |= {(sample.id, sample.response): weight for sample, weight in zip(of, found, strict=True)}
    examples = O1PrunerData(samples="slow", used=3).examples({"slow": rows}, 2, seed=1).items
    expected = slowly.standardised([whole[example.id, example.completion] for example in examples])
    assert [example.weight for example in examples] == pytest.approx(expected)
    assert [sum(example.id == f"p{number}" for example in examples) for number in range(10)] == [3] * 10
    again = O1PrunerData(samples="slow", used=3).examples({"slow": rows}, 2, seed=1).items
    other = O1PrunerData(samples="slow", used=3).examples({"slow": rows}, 2, seed=2).items
    assert again == examples != other


def test_a_problem_draws_alone() -> None:
    """Which of its samples are used does not depend on the problems beside it."""
    rows = samples_of(slow_rows(10, 8, seed=4, wrong=0.3), "slow")
    data = O1PrunerData(samples="slow")
    few = data.examples({"slow": rows[40:]}, 2, seed=1).items
    many = data.examples({"slow": rows}, 2, seed=1).items
    assert [example.completion for example in few] == [example.completion for example in many][-len(few) :]


def test_an_unsolved_problem_is_left_out_unless_asked_for() -> None:
    rows = sampled(
        row("a", 0, "p", "x", True, 9), row("a", 1, "p", "y", True, 12),
        row("b", 0, "q", "short and wrong", False, 3), row("b", 1, "q", "long and wrong", False, 30),
    )  # fmt: skip
    found = O1PrunerData(samples="slow").examples({"slow": rows}, 2, 0)
    assert {example.id for example in found.items} == {"a"} and found.dropped == {"unsolved": 1}
    asked = O1PrunerData(samples="slow", skip_unsolved=False).examples({"slow": rows}, 2, 0).items
    weight = {example.completion: example.weight for example in asked}
    assert weight["short and wrong"] > weight["long and wrong"]


def test_equal_weights_and_unsolved_data_are_refused() -> None:
    same = sampled(row("a", 0, "p", "x", True, 9), row("a", 1, "p", "x", True, 9), row("b", 0, "q", "x", True, 7))
    with pytest.raises(ConfigError, match=r"^o1_pruner: all 3 weights of samples 'slow' are equal"):
        O1PrunerData(samples="slow").examples({"slow": same}, 2, 0)
    with pytest.raises(ConfigError, match=r"of 1 problems none can be trained on \(1 unsolved\)"):
        O1PrunerData(samples="slow").examples({"slow": sampled(row("a", 0, "p", "x", False, 9))}, 2, 0)
