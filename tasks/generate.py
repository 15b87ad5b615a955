"""The stage ``generate@<run>``: a run's responses to every benchmark."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, PROGRAM_GB, Say, Stage

if TYPE_CHECKING:
    from l2s.planning.estimates import Estimate, Estimator

GB = 10**9


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Answer every benchmark with one run's model under its control; return what it took."""
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import Run, generate_responses
    from tasks.inputs.decoding import run_decoding
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
        HIDDEN / "responses.sqlite",
        track,
        note,
    )
    say(f"{counts.generated} responses generated, {counts.stored} from the store")
    return generation_cost(model, DATA / "responses" / f"{name}.jsonl", counts.stored)


def needs(config: Config, name: str) -> dict[str, int]:
    """The bytes of the model, and on a GPU one device."""
    from tasks.inputs.models import bytes_of, origin

    model = origin(config, config.runs[name].model)
    found = {"cpu": 1, "memory": PROGRAM_GB + bytes_of(config, model) // GB}
    return found if config.decoding.device == "cpu" else found | {"gpu": 1}


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Tokens, as past responses or published lengths let expect."""
    from l2s.planning.lengths import expected_lengths, questions_of
    from tasks.inputs.models import folder_shape_of

    questions = {key: questions_of(key, config.benchmarks[key], data) for key in config.measured()}
    shape = folder_shape_of(config, config.runs[name].model)
    lengths = expected_lengths(config, name, data, estimator.assume, shape.context if shape else None)
    return estimator.generate(stage, shape, questions, lengths, config.decoding_of(name))


STAGE = Stage("generate", work, names=lambda config: config.runs, needs=needs, estimate=estimate, libraries=MODELS)
