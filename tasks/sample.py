"""The stage ``sample@<name>``: several responses a problem from a model, graded, for trainings to learn from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.files import STORE
from l2s.core.progress import Track
from l2s.sampling.settings import SampleParams
from tasks.stage import DATA, HIDDEN, MODELS, Say, Stage

if TYPE_CHECKING:
    from l2s.planning.estimates import Estimate, Estimator


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Draw the problems, answer and grade them; return what it took."""
    from l2s.benchmarks import write_problems
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import Run
    from l2s.sampling.sample import sample_responses
    from tasks.running.costs import generation_cost

    params: SampleParams = config.samples[name]
    problems, out = HIDDEN / "samples" / f"{name}.jsonl", DATA / "samples" / f"{name}.jsonl"
    write_problems(params.problems.named, params.problems, problems, f"samples.{name}.problems")
    model = DATA / params.model
    counts, rows = sample_responses(
        model,
        Checkpoint(model).digest,
        [problems],
        out,
        Run(name, params.decoding(config.decoding)),
        STORE,
        grader=config.grading.grader,
        jobs=config.grading.jobs,
        track=track,
        say=lambda sentence: say(f"note: {sentence}"),
    )
    right = sum(row["correct"] for row in rows)
    say(f"{counts.generated} responses generated, {counts.stored} from the store; {right} of {len(rows)} right")
    return generation_cost(model, out, counts.stored)


def needs(config: Config, name: str) -> dict[str, int]:
    """The bytes of the model, and on a GPU one device."""
    from tasks.inputs.models import needs_of_model

    return needs_of_model(config, config.samples[name].model)


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """Tokens, as past samples or published lengths let expect."""
    from l2s.planning.lengths import expected_samples, questions_of
    from tasks.inputs.models import folder_shape_of

    params = config.samples[name]
    shape = folder_shape_of(config, params.model)
    lengths = expected_samples(params, name, data, estimator.assume, shape.context)
    questions = {params.problems.named: questions_of(params.problems.named, params.problems, None)}
    return estimator.generate(stage, shape, questions, lengths, params.decoding(config.decoding))


STAGE = Stage("sample", work, names=lambda config: config.samples, needs=needs, estimate=estimate, libraries=MODELS)
