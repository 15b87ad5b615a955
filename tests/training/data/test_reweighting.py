import pytest

from l2s.core.errors import ConfigError
from l2s.training.data.kinds.reweight import EQUAL, Measured, Reweight, refuse_equal
from tests.training import slowly

FOUND = slowly.FOUND["reweighting"]
SHORT, LONG = Measured(100.0, 0.2), Measured(300.0, 0.8)


def test_vectors() -> None:
    """The benefits, turned into what a model would have been measured at."""
    data = Reweight(short="quick", long="slow", eta=FOUND["eta"], smoothing=FOUND["smoothing"])
    weights = EQUAL
    for update in FOUND["updates"]:
        short, long = update["benefits"]
        weights = data.updated(weights, Measured(100 + 200 * short, 0.8 - 0.6 * long), SHORT, LONG)
        assert weights == pytest.approx(update["weights"], abs=1e-9)


def test_no_benefit_is_negative_and_none_leaves_shares_as_they_are() -> None:
    data = Reweight(short="quick", long="slow", smoothing=0)
    assert data.updated((0.3, 0.7), Measured(40.0, 0.95), SHORT, LONG) == pytest.approx((0.3, 0.7))
    assert data.updated((0.3, 0.7), Measured(40.0, 0.5), SHORT, LONG)[1] > 0.7
    assert data.updated((0.3, 0.7), Measured(400.0, 0.9), SHORT, LONG)[0] > 0.3


def test_shares_stay_finite_and_above_the_floor() -> None:
    data = Reweight(short="quick", long="slow", smoothing=0.1)
    assert data.updated(EQUAL, Measured(1e9, 0.9), SHORT, LONG) == pytest.approx((0.95, 0.05))


def test_it_is_the_distance_that_counts_where_the_short_model_is_the_better_one() -> None:
    better, worse = Measured(300.0, 0.9), Measured(100.0, 0.8)
    assert refuse_equal(better, worse) == Measured(200.0, pytest.approx(0.1))


@pytest.mark.parametrize(
    ("short", "long", "said"),
    [
        (Measured(100, 0.2), Measured(100, 0.8), r"same tokens \(100\)"),
        (Measured(100, 0.8), Measured(300, 0.8), r"same accuracy \(0.8\)"),
    ],
)
def test_equal_references_are_refused(short: Measured, long: Measured, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Reweight(short="quick", long="slow").updated(EQUAL, Measured(50, 0.5), short, long)
