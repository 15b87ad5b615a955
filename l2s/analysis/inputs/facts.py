"""Facts: what a run is, as far as somebody says so; verdicts alone do not tell."""

import re
from collections.abc import Mapping

from pydantic import Field

from l2s.core.params import Params

Value = bool | int | float | str


class RunFacts(Params):
    """One run: its recipe, its length control, its size. Everything may be left out."""

    method: str | None = None
    """Of the merge, in the recipe's words, e.g. ``ties``."""
    coefficients: dict[str, Value] = {}
    """The recipe's numbers, flat (see :func:`l2s.analysis.inputs.coefficients.coefficients_of`)."""
    control_kind: str | None = None
    """Of the length control, e.g. ``budget``; None or ``none`` without one."""
    control: dict[str, Value] = {}
    """The control's parameters, flat."""
    training: str | None = None
    """Method that the model was trained by, e.g. ``sft``."""
    length_level: str | None = None
    """Length of reasoning that is asked for: ``short``, ``medium`` or ``long``."""
    beside: str | None = None
    """Run of the same model that this one, which samples otherwise, is shown beside; it is compared with no other."""
    sampling: dict[str, Value] = {}
    """Of such a run, e.g. ``temperature``."""
    tokens_sampled: int | None = Field(None, ge=0)
    """Tokens of the samples that trainings learned from, those of its start model's trainings included."""
    tokens_generated: int | None = Field(None, ge=0)
    """Tokens generated while training."""
    tokens_trained: int | None = Field(None, ge=0)
    """Tokens whose loss counted, each as often as it did."""
    hardware: str | None = None
    """That the model was trained on."""
    parameters: int | None = Field(None, ge=1)
    """Weights of the model."""
    layers: int | None = Field(None, ge=1)
    heads: int | None = Field(None, ge=1)
    kv_heads: int | None = Field(None, ge=1)
    head_dim: int | None = Field(None, ge=1)

    @property
    def controlled(self) -> bool:
        """Whether answers are given under a length control."""
        return self.control_kind not in (None, "none")


MAKING = (
    "training", "length_level", "tokens_sampled", "tokens_generated", "tokens_trained", "hardware",
)  # fmt: skip
"""Facts that say what a run's model was made by, and what that took."""
Facts = Mapping[str, RunFacts]
"""Run to what is known of it."""

_NAMED = re.compile(r"(?P<kind>.*?)[-_ ]*(?P<value>\d+(?:\.\d+)?)")


def control_name(run: str, model: str) -> str:
    """``budget-96`` of the run ``slow-budget-96`` of the model ``slow``; ``none`` for the model itself."""
    return run.removeprefix(model).removeprefix("-") or "none"


def run_facts(run: str, model: str, known: Facts) -> RunFacts:
    """What is known of a run; a control may be known by name only: ``budget-96`` is of kind budget with value 96."""
    facts, control = known.get(run, RunFacts()), control_name(run, model)
    if facts.control_kind is not None or control == "none":
        return facts
    found = _NAMED.fullmatch(control)
    if found is None or not found["kind"]:
        return facts.model_copy(update={"control_kind": control})
    return facts.model_copy(update={"control_kind": found["kind"], "control": {"value": float(found["value"])}})
