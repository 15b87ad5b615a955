"""The stage ``train@<training>``: a trained checkpoint, with its manifest and history."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, Say, Stage, code_told

if TYPE_CHECKING:
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Train on what was gathered; return what it took."""
    from l2s.core.progress import stepped
    from l2s.training.gathered import places
    from l2s.training.run import train

    settings = config.training[name]
    found = places(settings, DATA / "gathered" / name)
    manifest = train(
        settings,
        start=DATA / settings.model,
        samples=found.samples,
        problems=found.problems,
        validation=found.validation,
        benchmarks=[],  # what was gathered is in none of them
        out=DATA / "trained" / name,
        work=HIDDEN / "training" / name,
        decoding=config.decoding,
        record_costs=False,
        on_step=stepped(track, settings.method),
        code=code_told("train", settings.method),
    )
    tokens = manifest["tokens"]
    say(
        f"{settings.method} from {settings.model}, {manifest['steps']} steps: "
        f"{tokens['generated']:,} tokens generated, {tokens['trained']:,} trained on"
    )
    return {"tokens": tokens["generated"], "trained": tokens["trained"]}


def needs(config: Config, name: str) -> dict[str, int]:
    """Weights, their gradients and two moments in float32, and on a GPU one device."""
    from tasks.inputs.models import folder_shape_of, needs_of_bytes

    return needs_of_bytes(config, 16 * folder_shape_of(config, config.training[name].model).parameters)


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Tokens to generate and to train on, as past samples let expect, and memory."""
    from l2s.planning.lengths import expected_samples, questions_of
    from tasks.inputs.models import folder_shape_of

    settings = config.training[name]
    questions, lengths = {}, {}
    for sample in settings.sources:
        params = config.samples[sample]
        questions[sample] = questions_of(params.problems.named, params.problems, None)
        context = folder_shape_of(config, params.model).context
        found = expected_samples(params, sample, data, estimator.assume, context)
        (lengths[sample],) = found.values()
    return estimator.train(stage, settings, folder_shape_of(config, settings.model), questions, lengths)


STAGE = Stage("train", work, names=lambda config: config.training, needs=needs, estimate=estimate, libraries=MODELS)
