"""Supervised fine-tuning, on examples or on two streams of them."""

from l2s.generation.levels import LEVELS
from l2s.training.data.kinds.reweight import Reweight
from l2s.training.job import Done, Job
from l2s.training.methods.sft import Sft
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import Recorder, Tell, load_model
from l2s.training.trainers.reweight import reweighted
from l2s.training.trainers.scoring import scorer
from l2s.training.trainers.tuning import fine_tune


def carry_out(job: Job, tell: Tell) -> Done:
    """Fine-tune the start model on what the data make of samples."""
    settings = job.settings
    assert isinstance(settings, Sft)
    data = settings.data
    found = data.examples(job.samples, scorer(job) if data.scores else None)
    job.notes["data"] = {"examples": len(found.items), "problems": found.problems, "dropped": dict(found.dropped)}
    levels = [level for level in LEVELS if any(one.level == level for one in found.items)]
    job.words.refuse_alike(levels, found.items[0].problem)
    recorder = Recorder(job, [], tell)
    chooser = Chooser(job, recorder)
    if isinstance(data, Reweight):
        weights = reweighted(job, settings, data, found.items, recorder)
    else:
        weights = fine_tune(
            job, load_model(job), found.items, epochs=settings.epochs, batch=settings.batch_size, seed=settings.seed,
            recorder=recorder,
        )  # fmt: skip
    return Done(chooser.chosen(weights), recorder.history, levels)
