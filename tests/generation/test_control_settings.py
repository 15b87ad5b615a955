"""Control blocks: what each kind takes, one clear sentence for anything else, and what a response depends on."""

from typing import Any

import pytest

from l2s.errors import ConfigError
from l2s.generation.controls.parameters import OWN
from l2s.generation.settings import ControlParams

SMALLEST: dict[str, dict[str, Any]] = {
    "none": {},
    "budget": {"max_think": 9},
    "min_think": {"min_think": 3},
    "eot_temperature": {"value": 0.5},
    "early_exit": {},
    "no_think": {},
    "prompt": {"style": "concise"},
    "entropy_stop": {},
    "cothink": {"outliner": "models/quick"},
    "fractured": {},
}


UNSAID = {"whole_text", "close_prefix", "probe_closes"}
"""Left out where they are what they always were."""
ASKED = {"outliner", "outline_tokens", "depths", "solutions", "estimate", "estimate_tokens"}
"""They decide what is asked, not how a prompt is answered: the prompt's own ids tell."""


def parsed(kind: str, **found: Any) -> ControlParams:
    return ControlParams.parse({"kind": kind, **SMALLEST[kind], **found}, "control.yaml")


@pytest.mark.parametrize("kind", [kind for kind in OWN if kind != "none"])
def test_a_budget_stands_under_every_kind(kind: str) -> None:
    control = parsed(kind, max_think=7, max_answer=5, answer_prefix="x")
    assert (control.kind, control.max_think, control.max_answer, control.answer_prefix) == (kind, 7, 5, "x")


@pytest.mark.parametrize("kind", OWN)
def test_keys_of_other_kinds_are_refused_with_what_the_kind_takes(kind: str) -> None:
    for key in ControlParams.model_fields.keys() - {"kind"} - set(OWN[kind]):
        with pytest.raises(ConfigError, match=f"kind {kind} takes {', '.join(OWN[kind]) or 'no parameters'}"):
            parsed(kind, **{key: 1})


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"kind": "budget"}, "kind budget takes max_think"),
        ({"kind": "budgets"}, "kind: found 'budgets'"),
        ({"kind": ["budget"]}, "kind: found"),
        ({"kind": "budget", "max_thnk": 3}, "did you mean 'max_think'"),
        ({"kind": "budget", "max_think": 3, "thresold": 1, "foo": 2}, "'thresold', 'foo'"),
        ({"kind": "none", "max_think": 3}, "takes no parameters"),
        ({"max_think": 3}, "takes no parameters"),
        ({"kind": "budget", "max_think": -1}, "greater than or equal to 0"),
        ({"kind": "min_think"}, "takes min_think, the fewest thinking tokens, or ignores"),
        ({"kind": "min_think", "min_think": 9, "max_think": 8}, "min_think 9 is more than max_think 8"),
        ({"kind": "min_think", "min_think": 9, "continuation": ""}, "at least 1 character"),
        ({"kind": "eot_temperature"}, "takes a value"),
        ({"kind": "eot_temperature", "value": 1.1}, "form gap takes a value from 0 and up to 1"),
        ({"kind": "eot_temperature", "value": -0.1, "form": "bias"}, "form bias takes a value of 0 or more"),
        ({"kind": "eot_temperature", "value": 0, "form": "divide"}, "form divide takes a value above 0 and up to 1"),
        ({"kind": "eot_temperature", "value": 1, "form": "times"}, "'gap', 'bias' or 'divide'"),
        ({"kind": "early_exit", "threshold": 1.5}, "less than or equal to 1"),
        ({"kind": "early_exit", "transitions": []}, "at least 1 item"),
        ({"kind": "prompt"}, "takes a style: concise, chain-of-draft or token-budget"),
        ({"kind": "prompt", "style": "token-budget"}, "takes tokens"),
        ({"kind": "prompt", "style": "concise", "tokens": 9}, "style concise takes no tokens"),
        ({"kind": "no_think", "whole_text": True}, "kind no_think takes"),
        ("budget", "valid dictionary"),
    ],
)
def test_wrong_controls_are_one_sentence(found: Any, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        ControlParams.parse(found, "control.yaml")
    assert "\n" not in str(error.value)


def test_values_at_their_bounds_are_taken() -> None:
    for form, values in {"gap": (0, 1), "bias": (0, 50), "divide": (0.1, 1)}.items():
        for value in values:
            assert parsed("eot_temperature", form=form, value=value).value == value
    assert parsed("min_think", min_think=8, max_think=8).min_think == 8


def test_trial_texts_are_the_kinds_own() -> None:
    early, entropy = parsed("early_exit"), parsed("entropy_stop")
    assert (early.probe, early.probe_tokens, early.answer_prefix) == ("\n**Final Answer**\n\\boxed", 20, "\n\n")
    assert (entropy.probe_tokens, entropy.probe[-7:], entropy.answer_prefix) == (10, "\\boxed{", "\n\n")
    assert parsed("budget").answer_prefix == "\n\n**Final Answer**\n"


def test_a_response_depends_on_the_keys_of_its_kind_alone() -> None:
    """The keys of blocks without whole_text are those of before: what is stored stays found."""
    budget = {"kind": "budget", "max_think": 9, "max_answer": 256, "answer_prefix": "\n\n**Final Answer**\n"}
    assert parsed("budget").identity() == budget
    assert ControlParams().identity() == {**budget, "kind": "none", "max_think": None}
    assert parsed("budget", whole_text=True).identity() == {**budget, "whole_text": True}
    assert parsed("budget", close_prefix="\n").identity() == {**budget, "close_prefix": "\n"}
    for kind, keys in OWN.items():
        assert set(parsed(kind).identity()) == ({"kind", *budget} | set(keys)) - UNSAID - ASKED
