"""The stage ``generate@<run>``: a run's responses to every benchmark."""

from typing import Any

from l2s.config import Config
from l2s.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, Say, Stage


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Answer every benchmark with one run's model under its control; return what it took."""
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import generate_responses
    from tasks.costs import generation_cost

    model = DATA / config.runs[name].model
    counts = generate_responses(
        model,
        Checkpoint(model).digest,
        [DATA / "benchmarks" / f"{benchmark}.jsonl" for benchmark in config.benchmarks],
        DATA / "responses" / f"{name}.jsonl",
        run=name,
        decoding=config.decoding,
        control=config.control_of(name),
        store=HIDDEN / "responses.sqlite",
        track=track,
        models=DATA,
        say=lambda sentence: say(f"note: {sentence}"),
    )
    say(f"{counts.generated} responses generated, {counts.stored} from the store")
    return generation_cost(model, DATA / "responses" / f"{name}.jsonl", counts.stored)


STAGE = Stage("generate", work, names=lambda config: config.runs, libraries=MODELS)
