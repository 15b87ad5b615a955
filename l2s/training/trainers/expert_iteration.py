"""Expert iteration: sample, keep the shortest right responses, fine-tune; round by round."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from l2s.core.files import replacing_folder, write_json
from l2s.core.row import Row
from l2s.core.seeds import seed_for
from l2s.training.data import Example, Sample
from l2s.training.data.selection import chosen_examples, problems_of, shortest_right
from l2s.training.job import Done, Job
from l2s.training.methods.expert_iteration import ExpertIteration
from l2s.training.trainers.choice import Chooser
from l2s.training.trainers.common import Recorder, Tell, Weights, load_model, stored, take_over
from l2s.training.trainers.rollouts import Asked, Rollout, Sampler, in_turn, sampling_of, told
from l2s.training.trainers.tuning import fine_tune

WEIGHTS, STATE = "weights.safetensors", "state.json"


def carry_out(job: Job, tell: Tell) -> Done:
    """All rounds; what a round leaves is kept, so that a killed training goes on in the round where it was."""
    settings = job.settings
    assert isinstance(settings, ExpertIteration)
    sampler, history = Sampler(job), list[dict[str, Any]]()
    weights: Weights = load_model(job).state_dict()
    chooser = Chooser(job, Recorder(job, history, tell), sampler)
    for number in range(settings.rounds):
        left = job.work / f"after-{number}"
        if left.is_dir():
            take_over(job, history, json.loads((left / STATE).read_text(encoding="utf-8")))
        else:
            _round(job, settings, number, weights, sampler, history, tell, chooser, left)
        weights = load_file(left / WEIGHTS)
    return Done(chooser.chosen(weights), history)


def _round(
    job: Job, settings: ExpertIteration, number: int, weights: Weights, sampler: Sampler,
    history: list[dict[str, Any]], tell: Tell, chooser: Chooser, left: Path,
) -> None:  # fmt: skip
    own = replace(job, work=job.work / f"round-{number}")
    rows = in_turn(job.problems, (number + 1) * settings.prompts, settings.seed)
    rows = rows[number * settings.prompts :][: settings.prompts]
    groups = sampler.sample(weights, [Asked(row) for row in rows], sampling_of(settings, number))
    model = load_model(job)
    model.load_state_dict(weights, strict=False)
    recorder = Recorder(own, history, tell)
    recorder.after = chooser.after
    trained = fine_tune(
        own, model, shortest(rows, groups), epochs=settings.epochs, batch=settings.batch_size,
        seed=seed_for(settings.seed, "round", number), recorder=recorder, told={"round": number, **told(groups)},
    )  # fmt: skip
    with replacing_folder(left) as folder:
        save_file(stored(job, trained), folder / WEIGHTS)
        write_json(folder / STATE, {"history": history, "costs": job.costs.spent()})


def shortest(rows: Sequence[Row], groups: Sequence[Sequence[Rollout]]) -> Sequence[Example]:
    """The shortest right response to each problem that was solved."""
    samples = [
        Sample(row["id"], number, row["problem"], "", one.text, one.right, len(one.ids))
        for row, group in zip(rows, groups, strict=True)
        for number, one in enumerate(group)
    ]
    problems = problems_of({"the round": samples}, "the round")
    return chosen_examples(problems, shortest_right, "shortest of the round").items
