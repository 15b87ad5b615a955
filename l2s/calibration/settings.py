"""What a calibration depends on, beside the model and the texts themselves."""

from typing import Literal, Self

from pydantic import Field, model_validator

from l2s.core.params import Params

Answer = Literal["short", "long", "none"]


class CalibrationParams(Params):
    """One block under ``calibration:`` in params.yaml."""

    model: str
    """The model that is measured: a name under ``models:``, or a folder."""
    texts: str
    """JSONL rows with ``prompt``, ``short`` and ``long``."""
    kind: Literal["activations", "sensitivities"]
    """``activations`` for aim, measured on its base; ``sensitivities`` for sens, of each model."""
    answer: Answer = "short"
    """The column that follows the prompt; ``none``: the prompt alone."""
    samples: int = Field(100, ge=1)
    """Most texts taken, in an order drawn from the seed."""
    max_tokens: int = Field(512, ge=2)
    """Longer texts are cut."""
    block: int = Field(512, ge=1)
    """Tokens per block of the activation statistics."""
    seed: int = 0
    layers_at_a_time: bool = False
    """Hold one layer in memory, not the model; slower, same statistics."""
    distance_to: list[str] = []
    """Other models that the logits are compared with; sensitivities only."""

    @model_validator(mode="after")
    def _distances_belong_to_sensitivities(self) -> Self:
        if self.distance_to and self.kind == "activations":
            raise ValueError("distance_to goes with kind sensitivities; activations are of one model alone")
        return self
