"""The stage ``calibrate@<name>``: statistics of a model that merge methods are aimed with."""

from pathlib import Path
from typing import TYPE_CHECKING

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, Say, Stage, code_told

if TYPE_CHECKING:
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> None:
    """Measure one model on calibration texts: the user's own, or the embedded family's."""
    from l2s.calibration.calibrate import calibrate
    from l2s.family.texts import write_texts

    params = config.calibration[name]
    texts = Path(params.texts)
    if params.texts == "family":
        texts = HIDDEN / "calibration" / f"{name}.jsonl"
        write_texts(config.family, params.samples, texts)
    models = {model: DATA / "models" / model for model in config.models}
    out = DATA / "calibration" / f"{name}.safetensors"
    others = {model: models[model] for model in params.distance_to}
    found = calibrate(
        models[params.model],
        texts,
        out,
        params,
        others=others,
        track=track,
        say=lambda note: say(f"note: {note}"),
        code=code_told("calibrate"),
    )
    say(f"{params.kind} of {params.model}, {len(found.tensors)} weights or layers")


def reads(config: Config, name: str) -> dict[str, set[str]]:
    """The model, and those whose logits it is compared with."""
    params = config.calibration[name]
    return {"data/models": {params.model, *params.distance_to}}


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Forward passes, and for sensitivities backward ones."""
    from tasks.inputs.models import model_shape

    params = config.calibration[name]
    return estimator.calibrate(stage, model_shape(config, params.model), params, len(params.distance_to))


STAGE = Stage(
    "calibrate", work, names=lambda config: config.calibration, reads=reads, estimate=estimate, libraries=MODELS
)
