"""The stage ``search@<search>``: the shortest recipe at parity with slow that is found within ranges."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.core.files import STORE
from l2s.core.progress import Track
from tasks.stage import DATA, HIDDEN, MODELS, RAY, Say, Stage, code_told

if TYPE_CHECKING:
    from l2s.core.row import Row
    from l2s.planning.estimates import Estimate, Estimator
    from l2s.search.live.trialist import LiveSettings
    from l2s.search.run import Workers
    from l2s.search.space import Space


def work(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Look for it; return what it took."""
    from l2s.search.output.result import summary_of
    from l2s.search.output.told import found_sentence, nothing_sentence
    from l2s.search.run import run_search

    found = run_search(
        config.searches[name],
        space(config, name),
        _problems(config, name),
        _live(config, name),
        DATA / "searches" / name,
        HIDDEN / "searches" / f"{name}.jsonl",
        recipes=config.recipes,
        jobs=jobs(config, name),
        workers=_workers(),
        track=track,
        say=say,
    )
    summary = summary_of(found)
    if found.winner is None:
        raise ConfigError(f"searches.{name}: {nothing_sentence(summary)}; see {DATA / 'searches' / name}")
    say(found_sentence(summary))
    return {"tokens": found.tokens}


def _problems(config: Config, name: str) -> list["Row"]:
    """The rows of its benchmarks, none of which stands in another benchmark."""
    from l2s.benchmarks.contamination import refuse_contamination
    from l2s.records import Problems, read_rows

    rows = {key: read_rows(DATA / "benchmarks" / f"{key}.jsonl", Problems) for key in config.benchmarks}
    own = {key: rows.pop(key) for key in config.searches[name].benchmarks}
    for key in own:
        refuse_contamination({key: own[key]}, rows, "search")
        rows[key] = own[key]
    return [row for key in own for row in own[key]]


def _live(config: Config, name: str) -> "LiveSettings":
    """The models, and how they are asked and graded."""
    from l2s.search.live.trialist import LiveSettings

    slow = config.searches[name].slow
    return LiveSettings(
        name,
        models={model: DATA / "models" / model for model in config.models},
        slow=DATA / config.runs[slow].model,
        store=STORE,
        slow_control=config.control_of(slow),
        statistics={key: DATA / "calibration" / f"{key}.safetensors" for key in config.calibration},
        decoding=config.decoding,
        grader=config.grading.grader,
        jobs=config.grading.jobs,
        folder=DATA,
        place=HIDDEN / "searches",
        code=code_told("search", config.decoding.engine),
    )


def jobs(config: Config, name: str) -> int:
    """Trials at once: as many as the cores, or engines on GPUs, that ``resources.needs`` gives the stage; else one."""
    kind = "cpu" if config.decoding.device == "cpu" else "gpu"
    each = 1 if kind == "cpu" else config.decoding.tensor_parallel_size * config.decoding.data_parallel_size
    needs = [config.resources.needs.get(key) for key in (f"search@{name}", "search")]
    given = [count for said in needs if said and (count := getattr(said, kind)) is not None]
    return max(1, given[0] // each) if given else 1


def _workers() -> "Workers":
    """Processes of this machine; where the stage was sent to a Ray cluster, actors there."""
    from l2s.search.live.ray_workers import ray_workers
    from l2s.search.live.workers import processes

    address = os.environ.get(RAY)
    return partial(ray_workers, address=address) if address else processes


def space(config: Config, name: str) -> "Space":
    """What a search's ranges span."""
    from l2s.search.space import space_of

    return space_of(config.searches[name], f"params.yaml: searches.{name}", config.controls)


def reads(config: Config, name: str) -> dict[str, set[str]]:
    """All that its recipes name, and the benchmarks that must hold none of its problems."""
    from l2s.search.space import recipes_of

    recipes = list(recipes_of(space(config, name)))
    return {
        "data/models": {model for recipe in recipes for model in recipe.input_names()},
        "data/calibration": {statistics for recipe in recipes for statistics in recipe.statistics_names()},
        "data/benchmarks": set(config.benchmarks),
    }


def needs(config: Config, name: str) -> dict[str, int]:
    """The bytes of the models that are mapped, of a merge and of the one that answers; on a GPU one device."""
    from tasks.inputs.models import needs_of_model, planned_recipe
    from tasks.merge import needs_of

    merging = needs_of(config, planned_recipe(config, name))
    answering = needs_of_model(config, config.runs[config.searches[name].slow].model)
    return answering | {"memory": jobs(config, name) * (merging["memory"] + answering["memory"])}


def estimate(config: Config, name: str, stage: str, estimator: "Estimator", data: Path | None) -> "Estimate":
    """The whole budget, on answers as long as slow's."""
    from l2s.planning.lengths import expected_answers, questions_of
    from tasks.inputs.models import folder_shape_of, planned_recipe
    from tasks.merge import parsed

    settings = config.searches[name]
    recipe = parsed(planned_recipe(config, name), f"searches.{name}.recipe")
    shape = folder_shape_of(config, config.runs[settings.slow].model)
    problems = sum(questions_of(name, config.benchmarks[name], data) for name in settings.benchmarks)
    lengths = expected_answers(config, settings.slow, data, estimator.assume, shape.context)
    return estimator.search(stage, settings, recipe, shape, problems, lengths, config.decoding)


STAGE = Stage(
    "search", work, names=lambda config: config.searches, reads=reads, needs=needs, estimate=estimate, libraries=MODELS
)
