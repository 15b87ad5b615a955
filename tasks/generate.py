"""The stage ``generate@<run>``: a run's responses to every benchmark."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.files import STORE
from l2s.core.progress import Track
from tasks.stage import DATA, MODELS, Say, Stage

if TYPE_CHECKING:
    from l2s.generation.settings import DecodingParams
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Answer every benchmark with one run's model under its control; return what it took."""
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import Run, generate_responses
    from tasks.running.costs import generation_cost

    def note(sentence: str) -> None:
        say(f"note: {sentence}")

    model = DATA / config.runs[name].model
    counts = generate_responses(
        model,
        Checkpoint(model).digest,
        [DATA / "benchmarks" / f"{benchmark}.jsonl" for benchmark in config.measured()],
        DATA / "responses" / f"{name}.jsonl",
        Run(name, run_decoding(config, name, DATA, note), config.control_of(name)),
        STORE,
        track,
        note,
    )
    say(f"{counts.generated} responses generated, {counts.stored} from the store")
    return generation_cost(model, DATA / "responses" / f"{name}.jsonl", counts.stored)


def run_decoding(
    config: Config, run: str, data: Path, say: Callable[[str], None] = lambda sentence: None
) -> "DecodingParams":
    """``decoding`` with the run's own sampling, in the words that ask its model for its level."""
    from l2s.generation.levels import at_level

    own, decoding = config.runs[run], config.decoding_of(run)
    return decoding if own.level is None else at_level(decoding, data / own.model, own.level, say)


def needs(config: Config, name: str) -> dict[str, int]:
    """The bytes of the model, and on a GPU one device."""
    from tasks.inputs.models import needs_of_model

    return needs_of_model(config, config.runs[name].model)


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Tokens, as past responses or published lengths let expect."""
    from l2s.planning.lengths import expected_lengths, questions_of
    from tasks.inputs.models import folder_shape_of

    questions = {key: questions_of(key, config.benchmarks[key], data) for key in config.measured()}
    shape = folder_shape_of(config, config.runs[name].model)
    lengths = expected_lengths(config, name, data, estimator.assume, shape.context)
    return estimator.generate(stage, shape, questions, lengths, config.decoding_of(name))


STAGE = Stage("generate", work, names=lambda config: config.runs, needs=needs, estimate=estimate, libraries=MODELS)
