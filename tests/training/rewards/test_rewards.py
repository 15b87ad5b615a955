import json
import re
from dataclasses import asdict
from importlib import import_module
from itertools import product
from typing import Any

import pytest

from l2s.core.errors import ConfigError
from l2s.training.rewards import REWARDS, Group, PenalisesWrong, State, advantages, parse_reward
from tests.training import slowly

FOUND = slowly.FOUND


def group_of(found: dict[str, Any], **more: Any) -> Group:
    return Group(found["c"], found["L"], found.get("cut", ()), **more)


def rewards_of(case: dict[str, Any], found: dict[str, Any]) -> list[float]:
    block = {key: value for key, value in case.items() if key != "state"}
    return parse_reward(block, "reward")(group_of(found, reference=FOUND["reference"]), State(**case.get("state", {})))


def one(kind: str, **found: Any) -> Any:
    return parse_reward({"kind": kind, **REWARDS[kind].example, **found}, "reward")


def test_the_conformance_file_is_what_the_slow_references_say() -> None:
    assert json.loads(json.dumps(slowly.conformance())) == FOUND


@pytest.mark.parametrize("case", FOUND["rewards"], ids=lambda case: json.dumps(case["reward"]))
def test_every_vector(case: dict[str, Any]) -> None:
    for name, found in FOUND["groups"].items():
        assert rewards_of(case["reward"], found) == pytest.approx(case["rewards"][name], abs=1e-9), name


def test_every_kind_has_vectors_and_says_where_it_is_from() -> None:
    assert {case["reward"]["kind"] for case in FOUND["rewards"]} == set(REWARDS)
    for kind, reward in REWARDS.items():
        text = import_module(reward.__module__).__doc__ or ""
        assert reward.paper and reward.reconstructed == ("econstructed" in text), kind
        assert one(kind).kind == kind


@pytest.mark.parametrize("kind", REWARDS)
def test_what_is_recorded_can_be_read_again(kind: str) -> None:
    assert parse_reward(one(kind).model_dump(mode="json"), "manifest") == one(kind)


LENGTHS = [(10, 20, 30), (300, 20, 900), (7, 7, 8)]


@pytest.mark.parametrize("kind", REWARDS)
@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_group_without_a_right_answer_never_rewards_a_shorter_one(kind: str, lengths: tuple[int, ...]) -> None:
    for cut, step in product([(), (True, False, True)], [0, 100]):
        state = State(step, 0.9, 0.9, 0.9)
        found = one(kind)(Group([False] * 3, lengths, cut, reference=200.0), state)
        for left, right in product(range(3), repeat=2):
            assert lengths[left] >= lengths[right] or found[left] <= found[right], found
        if kind != "dast":  # it rewards the longer
            assert len(set(found)) == 1


@pytest.mark.parametrize("kind", [kind for kind, reward in REWARDS.items() if issubclass(reward, PenalisesWrong)])
def test_unless_asked(kind: str) -> None:
    more = {"combine": "add"} if kind == "l1_max" else {}
    state = State(accuracy=1.0, start=1.0)
    found = one(kind, skip_unsolved=False, **more)(Group([False] * 2, [100, 310], reference=100.0), state)
    assert found[0] > found[1]


@pytest.mark.parametrize("kind", REWARDS)
def test_a_truncated_response_is_a_wrong_one(kind: str) -> None:
    reward, lengths, state = one(kind), [40, 90, 120], State(3, 0.9, 0.9, 0.9)
    cut = reward(Group([True] * 3, lengths, [False, True, False], reference=90.0), state)
    assert cut == reward(Group([True, False, True], lengths, reference=90.0), state)
    assert cut != reward(Group([True] * 3, lengths, reference=90.0), state)


@pytest.mark.parametrize("kind", REWARDS)
def test_equal_responses_are_worth_the_same_and_give_no_gradient(kind: str) -> None:
    for right, size in product([True, False], [1, 2, 7, 16]):
        found = one(kind)(Group([right] * size, [97] * size, reference=61.7), State(3, 0.9, 0.9, 0.9))
        for scale in ("group", "batch", "none"):
            assert advantages([found, [0.0, 1.0]], scale)[0] == [0.0] * size


@pytest.mark.parametrize("kind", ["tldr", "tldr_target", "linear"])
@pytest.mark.parametrize("penalty", [-0.1, 1.01, 2])
def test_a_penalty_outside_of_0_to_1_is_refused(kind: str, penalty: float) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"t.yaml: reward.lambda: found {penalty}, λ = {penalty:g}")):
        parse_reward({"kind": kind, **REWARDS[kind].example, "lambda": penalty}, "t.yaml: reward")


def test_a_high_penalty_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    one("tldr", **{"lambda": 0.5, "levels": {"short": 0.5, "long": 0}})
    assert not caplog.messages
    one("tldr", **{"levels": {"short": 0.6}})
    assert caplog.messages == ["reward: levels: λ = 0.6 is above 0.5; accuracy may fall"]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"kind": "tlrd"}, "kind 'tlrd' is unknown; did you mean 'tldr'?"),
        ({}, "kind is missing; known: aalc, dast, efficient"),
        ("tldr", "expected a valid dictionary, such as {kind: tldr, length_scale: 300}"),
        ({"kind": "tldr"}, "kind tldr takes length_scale, which is missing (e.g. length_scale: 300)"),
        ({"kind": "kimi", "length_scale": 3}, "and not 'length_scale' (a key of kind aalc, linear, tldr)"),
        ({"kind": "tldr", "length_scale": 9, "levels": {"shrt": 0.1}}, "expected 'short', 'medium' or 'long'"),
        ({"kind": "tldr", "length_scale": 9, "levels": {"short": 1.5}}, "λ = 1.5 lies outside 0 to 1"),
        ({"kind": "tldr_target", "levels": {"short": 0}}, "levels.short: found 0, expected greater than 0"),
        ({"kind": "thinkprune", "caps": [100, 200], "stage_steps": 3}, "caps fall from stage to stage, and [100, 200]"),
        ({"kind": "thinkprune", "caps": [], "stage_steps": 3}, "at least 1 item"),
        ({"kind": "thinkprune", "caps": [9], "stage_steps": 3, "template": "{cap}"}, "expected {problem} and {cap}"),
        ({"kind": "overlong", "max_length": 10, "cache": 11}, "cache 11 is more than max_length 10"),
    ],
)
def test_wrong_settings_are_one_sentence(block: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_reward(block, "t.yaml: training.a.reward")
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert str(refused.value).startswith("t.yaml: training.a.reward")


def test_levels_have_penalties_targets_and_lengths_of_their_own() -> None:
    group = lambda level: Group([True, False], [60, 90], level=level, reference=100.0)  # noqa: E731
    tldr = one("tldr", **{"lambda": 0.1, "levels": {"long": 0.0, "short": 0.3}})
    assert tldr.trained_levels == ("short", "long") and one("tldr").trained_levels == one("kimi").trained_levels == ()
    assert tldr(group("short")) == pytest.approx([0.94, -0.09])
    assert tldr(group("long")) == [1.0, 0.0]
    assert tldr(group(None)) == pytest.approx([0.98, -0.03])
    target = one("tldr_target", levels={"short": 0.6, "medium": 0.9})
    assert target(group("short")) == pytest.approx([1.0, -0.15])
    assert target(group("medium")) == pytest.approx([0.85, 0.0])
    exact = one("l1_exact", levels={"short": 50, "long": 100}, alpha=0.01)
    assert exact(group("short")) == pytest.approx([0.9, -0.4]) and exact(group("long")) == pytest.approx([0.6, -0.1])
    assert one("l1_max", levels={"short": 60})(group("short")) == [0.5, 0.0]


def test_a_problem_without_a_reference_is_rewarded_for_being_right() -> None:
    assert one("tldr_target")(Group([True, False], [60, 90])) == [1.0, 0.0]


EXTREME = {
    "tldr": {"lambda": 1.0}, "tldr_target": {"lambda": 1.0}, "linear": {"lambda": 1.0}, "kimi": {"weight": 1.0},
    "efficient": {"alpha": 0.99}, "grpo_lambda": {"alpha": 0.99}, "lazy": {"weight": 1.0}, "overlong": {"weight": 1.0},
    "aalc": {"alpha": 0.9}, "l1_max": {"combine": "add", "alpha": 5.0},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(set(REWARDS) - {"l1_exact"}))  # it is unbounded as published, and says so
def test_no_settings_make_a_right_response_worth_less_than_a_wrong_one(kind: str) -> None:
    for lengths, accuracy in product([(5000, 300, 1), (1, 300, 5000), (40, 50, 45)], [0.5, 1.0]):
        group = Group([True, True, False], lengths, reference=1.0)
        first, second, wrong = one(kind, **EXTREME.get(kind, {}))(group, State(500, accuracy, accuracy, 1.0))
        assert min(first, second) >= wrong, (lengths, accuracy)


def test_kimi_warms_up_and_thinkprune_falls() -> None:
    group, kimi = Group([True, True], [10, 100]), one("kimi", warm_up=3, weight=0.2)
    assert kimi(group, State(step=2)) == [1.0, 1.0] and kimi(group, State(step=3)) == pytest.approx([1.1, 0.9])
    prune = one("thinkprune", caps=[90, 50, 9], stage_steps=2)
    assert [prune.cap(step) for step in range(8)] == [90, 90, 50, 50, 9, 9, 9, 9]


def test_accuracy_is_a_moving_average_that_begins_with_the_start_model() -> None:
    aalc, state = one("aalc", decay=0.9), State()
    assert aalc.reached(state) == 0
    for accuracy, expected in [(0.8, 0.8), (0.9, 0.81), (0.0, 0.729)]:
        state = aalc.next_state(state, accuracy)
        assert state.accuracy == pytest.approx(expected) and state.start == 0.8
    assert state.step == 3 and state.best == pytest.approx(0.81) and aalc.reached(state) == pytest.approx(0.729 / 0.8)
    assert State(**asdict(state)) == state
    assert one("kimi").next_state(State(step=4), 0.5) == State(5, 0.5, 0.5, 0.5)
    assert aalc.reached(aalc.next_state(State(), 0.0)) == 0  # a start model that is never right


def test_lazy_waits_while_accuracy_is_below_its_best() -> None:
    lazy, group = one("lazy", tolerance=10, decay=0.0), Group([True, True, False], [20, 40, 10])
    state = lazy.next_state(State(), 0.9)
    assert lazy(group, State()) == [1, 1, 0] and lazy(group, state) == pytest.approx([1, 0.75, 0])
    assert lazy(group, lazy.next_state(state, 0.8)) == [1, 1, 0]
    assert lazy(group, lazy.next_state(state, 0.86)) == pytest.approx([1, 0.75, 0])
