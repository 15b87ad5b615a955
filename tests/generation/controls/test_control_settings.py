"""Control blocks: what each kind takes, one clear sentence for anything else, and what a response depends on."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.generation.answerer import Answerer, Digests
from l2s.generation.controls.control import Control
from l2s.generation.controls.union import KINDS, parse_control
from l2s.generation.prompts.prompt import Prompt
from l2s.generation.settings import DecodingParams

KEYS = {kind: set(one.parameters()) for kind, one in KINDS.items()}


def parsed(kind: str, **found: Any) -> Any:
    return parse_control({"kind": kind, **KINDS[kind].example, **found}, "control.yaml")


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_other_kinds_are_refused_with_the_kind_that_they_belong_to(kind: str) -> None:
    for key in set.union(*KEYS.values()) - KEYS[kind]:
        with pytest.raises(ConfigError, match=f"kind {kind} takes .*, and not '{key}' \\(a key of kind ") as error:
            parsed(kind, **{key: 1})
        owners = str(error.value).partition("a key of kind ")[2].rstrip(")").split(", ")
        assert set(owners) == {other for other, keys in KEYS.items() if key in keys}


@pytest.mark.parametrize("kind", sorted(set(KEYS) - {"none"}))
def test_a_misspelt_key_suggests_the_nearest(kind: str) -> None:
    for key in KEYS[kind]:
        with pytest.raises(ConfigError, match=f"did you mean '{key}'"):
            parsed(kind, **{f"{key}x": 1})


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"kind": "budget"}, "kind budget takes max_think, which is missing"),
        ({"kind": "budgets"}, "kind 'budgets' is unknown; did you mean 'budget'"),
        ({"kind": ["budget"]}, "is unknown"),
        ({"kind": None}, "kind None is unknown"),
        ({"kind": "budget", "max_thnk": 3}, "did you mean 'max_think'.*max_think, which is missing"),
        ({"kind": "budget", "max_think": 3, "thresold": 1, "foo": 2}, "'threshold' of kind early_exit.*, 'foo'"),
        ({"kind": "none", "max_think": 3}, "takes no parameters"),
        ({"max_think": 3}, "takes no parameters"),
        ({"kind": "budget", "max_think": 3, 7: 3}, "not '7'"),
        ({"kind": "budget", "max_think": -1}, "control.yaml: max_think: found -1, .* greater than or equal to 0"),
        ({"kind": "min_think"}, "takes min_think, the smallest number of thinking tokens, or ignores"),
        ({"kind": "min_think", "min_think": 9, "max_think": 8}, "min_think 9 is more than max_think 8"),
        ({"kind": "min_think", "min_think": 9, "continuation": ""}, "at least 1 character"),
        ({"kind": "eot_temperature"}, "takes value, which is missing"),
        ({"kind": "eot_temperature", "value": 1.1}, "form gap takes a value from 0 and up to 1"),
        ({"kind": "eot_temperature", "value": -0.1, "form": "bias"}, "form bias takes a value of 0 or more"),
        ({"kind": "eot_temperature", "value": 0, "form": "divide"}, "form divide takes a value above 0 and up to 1"),
        ({"kind": "eot_temperature", "value": 1, "form": "times"}, "'gap', 'bias' or 'divide'"),
        ({"kind": "early_exit", "threshold": 1.5}, "less than or equal to 1"),
        ({"kind": "early_exit", "transitions": []}, "at least 1 item"),
        ({"kind": "prompt"}, "kind prompt takes style, which is missing"),
        ({"kind": "prompt", "style": "short"}, "'concise', 'chain-of-draft' or 'token-budget'"),
        ({"kind": "prompt", "style": "token-budget"}, "takes tokens"),
        ({"kind": "prompt", "style": "concise", "tokens": 9}, "style concise takes no tokens"),
        ({"kind": "cothink"}, "kind cothink takes outliner, which is missing"),
        ({"kind": "no_think", "whole_text": True}, "kind no_think takes"),
        ({"kind": "budget", "max_think": 3, "whole_text": True, "thinking_scope": "response"}, "keep one of them"),
        ("budget", "valid dictionary"),
        (None, "valid dictionary"),
    ],
)
def test_wrong_controls_are_one_sentence(found: Any, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as error:
        parse_control(found, "control.yaml")
    assert "\n" not in str(error.value) and str(error.value).startswith("control.yaml: ")
    with pytest.raises(ConfigError, match=f"controls.one(: |.).*{sentence.removeprefix('control.yaml: ')}"):
        Config.parse({"controls": {"one": found}}, "params.yaml")


def test_values_at_their_bounds_are_taken() -> None:
    for form, values in {"gap": (0, 1), "bias": (0, 50), "divide": (0.1, 1)}.items():
        for value in values:
            assert parsed("eot_temperature", form=form, value=value).value == value
    assert parsed("min_think", min_think=8, max_think=8).min_think == 8


def test_an_earlier_key_is_read_with_a_note(caplog: pytest.LogCaptureFixture) -> None:
    assert parsed("budget", whole_text=True) == parsed("budget", thinking_scope="response")
    assert parsed("budget", whole_text=False) == parsed("budget")
    assert "control.yaml: whole_text is called thinking_scope now" in caplog.text
    caplog.clear()
    assert DecodingParams.parse({"rows_at_once": 4}, "params.yaml: decoding").max_batch_size == 4
    assert caplog.messages == [
        "params.yaml: decoding: rows_at_once is called max_batch_size now; rows_at_once: 4 is read as max_batch_size: 4"
    ]


KEPT = [
    ({}, ["56b9d1114fcb144d", "aefa4d32408654df"]),
    ({"kind": "none"}, ["56b9d1114fcb144d", "aefa4d32408654df"]),
    (
        {"kind": "budget", "max_think": 64, "max_answer": 16, "answer_prefix": " The answer is \\boxed{"},
        ["fd674297d06731b6", "caf5e018e66726aa"],
    ),
    (
        {"kind": "budget", "max_think": 9, "whole_text": True, "close_prefix": "\n"},
        ["e1bf4c5eddbf2351", "122a290595f9fac6"],
    ),
    ({"kind": "min_think", "min_think": 3}, ["ee6494792243a7e5", "364a82e8e1071d68"]),
    (
        {"kind": "min_think", "ignores": 2, "continuation": "Hmm", "max_think": 20, "whole_text": False},
        ["4559f22b13a5e2f8", "f1f52ab16e5a5112"],
    ),
    ({"kind": "eot_temperature", "form": "bias", "value": 3}, ["13f89e72f8cc2b87", "0397673a718dcb45"]),
    (
        {"kind": "eot_temperature", "value": 0.5, "min_think": 9, "top_k_gate": 5, "max_think": 30},
        ["437883d2017d7d8d", "72e843e5d5af0cb9"],
    ),
    ({"kind": "early_exit"}, ["b1292e39cc6628fc", "c46bfa8f157cc627"]),
    (
        {
            "kind": "early_exit",
            "transitions": ["Wait", "Hmm", "Alternatively"],
            "probe": "{closing} The answer is \\boxed{",
            "probe_tokens": 8,
            "mean": "min",
            "threshold": 0.9999,
            "answer_prefix": " The answer is \\boxed{",
            "max_answer": 16,
        },
        ["5ec507cbfc3b4b97", "d9fa6205dc0accc7"],
    ),
    (
        {"kind": "early_exit", "probe_closes": True, "max_probes": 10, "whole_text": True},
        ["65ce8a3fc7bd0973", "b2eeca906fbe52cc"],
    ),
    ({"kind": "no_think"}, ["c9731657df1fadb8", "67a82fd76369d376"]),
    (
        {"kind": "no_think", "prefill": "{opening}{closing} The answer is", "max_think": 5},
        ["845b69e8250ef3db", "305648382b3734ae"],
    ),
    ({"kind": "prompt", "style": "concise"}, ["8bffbf8ee6af109d", "92eea038092f19d0"]),
    ({"kind": "prompt", "style": "token-budget", "tokens": 50}, ["a7ba09fa737b0a05", "d844d7d54fc0f24c"]),
    (
        {"kind": "prompt", "style": "token-budget", "estimate": True, "estimate_tokens": 9, "whole_text": True},
        ["1c6d023eb84bc1db", "b4568ffce7017a42"],
    ),
    ({"kind": "entropy_stop"}, ["27d3ba0ecf24c167", "ac74815e223dd59e"]),
    (
        {
            "kind": "entropy_stop",
            "separator": ".",
            "every": 3,
            "candidates": 3,
            "alpha": 0.75,
            "probe_tokens": 4,
            "max_probes": 2,
            "max_think": 12,
        },
        ["7efbf54037ea4be9", "9630f05406ad96a6"],
    ),
    ({"kind": "cothink", "outliner": "models/quick"}, ["9bf4cc702890b930", "14dd048bc227ec57"]),
    (
        {"kind": "cothink", "outliner": "x", "outline_tokens": 3, "max_think": 7},
        ["29865450d1695791", "cd7777314da42e4c"],
    ),
    ({"kind": "fractured"}, ["dc38cf1c2f698745", "19e724bc8d6bd0b4"]),
    (
        {"kind": "fractured", "depths": 3, "solutions": 2, "max_think": 40, "max_answer": 99, "whole_text": True},
        ["a39b166fd48a8027", "0efdf9b2dc365594"],
    ),
]
"""Blocks, and how the keys began under which the version before kinds had files of their own stored their responses."""


@pytest.mark.parametrize(("block", "keys"), KEPT)
def test_what_is_stored_stays_found(block: dict[str, Any], keys: list[str]) -> None:
    engine, store = SimpleNamespace(name="an engine 1.0"), SimpleNamespace(has_earlier=lambda: True)
    found: list[Any] = [Path(), "blake3:ww", SimpleNamespace(digest="blake3:tt"), lambda: engine, store]
    answerer = Answerer(*found, earlier=lambda: Digests("sha256:ww", "sha256:tt"))
    sampled = {
        "sampling": {"temperature": 0.6, "top_p": 0.95, "seed": 7},
        "prompt": {"style": "plain", "stop": ["x"]},
    }
    for quoted, found in enumerate(({}, sampled)):
        prompt = Prompt("bench", "p1", 2, [5, 6, 7], opened=True, quoted=bool(quoted))
        key = answerer._key(prompt, DecodingParams.parse(found, "d"), parse_control(block, "c"), earlier=True)
        assert key.hex().startswith(keys[quoted])


def test_a_control_survives_being_written() -> None:
    for block, _ in KEPT[2:]:  # kind none is written with the budget that it does not take
        control = parse_control(block, "c")
        assert isinstance(control, Control) and parse_control(control.model_dump(mode="json"), "c") == control
