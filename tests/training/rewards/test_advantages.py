import random

import pytest

from l2s.training.rewards import Group, advantages, parse_reward
from tests.training import slowly

FOUND = slowly.FOUND["advantages"]


@pytest.mark.parametrize(
    ("key", "scale", "epsilon"),
    [("group, 1e-6", "group", 1e-6), ("group, 1e-4", "group", 1e-4), ("none", "none", 1e-6)],
)
def test_vectors(key: str, scale: str, epsilon: float) -> None:
    reward = parse_reward(FOUND["of"], "reward")
    for name, group in slowly.GROUPS.items():
        found = advantages([reward(Group(group["c"], group["L"], group.get("cut", ())))], scale, epsilon)[0]
        assert found == pytest.approx(FOUND[key][name], abs=1e-9), name


def test_a_batch_has_one_deviation_and_each_group_its_own_mean() -> None:
    draw = random.Random(1)
    groups = [[draw.random() for _ in range(size)] for size in (2, 5, 8)]
    rewards = [reward for group in groups for reward in group]
    mean = sum(rewards) / 15
    deviation = (sum((reward - mean) ** 2 for reward in rewards) / 14) ** 0.5
    for group, found in zip(groups, advantages(groups, "batch", 1e-3), strict=True):
        assert found == pytest.approx([(reward - sum(group) / len(group)) / (deviation + 1e-3) for reward in group])


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1, 1 / 3, 0.9 + 1e-7])
def test_equal_rewards_give_exactly_nothing(scale: str, reward: float) -> None:
    for size in (1, 3, 7, 10):
        assert advantages([[reward] * size, [0.0, 1.0]], scale)[0] == [0.0] * size


def test_with_division_the_penalty_is_no_price_and_without_it_is() -> None:
    group, found = Group([True] * 6, [40, 80, 120, 160, 300, 350]), {}
    for penalty in (0.02, 0.5):
        reward = parse_reward({"kind": "tldr", "length_scale": 300, "lambda": penalty}, "reward")
        found[penalty] = [advantages([reward(group)], scale)[0] for scale in ("group", "none")]
    assert found[0.02][0] == pytest.approx(found[0.5][0], abs=1e-3)
    assert [25 * one for one in found[0.02][1]] == pytest.approx(found[0.5][1])


def test_a_tiny_term_is_lost_beside_a_large_epsilon() -> None:
    """1e-6 of length, as AALC's code has it, under verl's ε and under TRL's."""
    rewards = [0.9 + 1e-6 * length for length in (0.1, 0.5, 0.9)]
    assert max(advantages([rewards], "group", 1e-6)[0]) > 0.2
    assert max(advantages([rewards], "group", 1e-4)[0]) < 0.01
