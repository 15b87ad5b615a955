"""The plain commands that dvc.yaml's stages call: read params.yaml, call one l2s function.

None of them needs a Prefect server. Where one is configured and no pipeline shows the stage
already, the work is shown there (:mod:`tasks.observed`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from l2s.config import Config
from l2s.errors import ConfigError
from l2s.files import write_text
from l2s.params import nearest
from l2s.progress import Track

DATA = Path("data")
HIDDEN = Path(".l2s")
Say = Callable[[str], None]


def family(config: Config, name: None, track: Track, say: Say) -> None:
    """Train the embedded models that are asked for; take the others from their paths."""
    from transformers.utils import logging

    from l2s.family.resolve import resolve_models
    from l2s.hub import HubModel, find_snapshot, place_hub_model
    from l2s.own_models import keep_out_of_git

    logging.disable_progress_bar()
    hub = {model: HubModel(params.name, params.revision) for model, params in config.models.items() if params.name}
    for source in hub.values():
        find_snapshot(source)  # before anything is replaced
    paths = {model: params.path for model, params in config.models.items() if model not in hub}
    resolve_models(paths, config.family, DATA / "models", HIDDEN / "family", track=track, say=say)
    for model, source in hub.items():
        commit = place_hub_model(source, DATA / "models" / model, config.models[model].config)
        say(f"{model}: {source.repository} at commit {commit}")
    own: dict[str, Path | None] = {model: path for model, path in paths.items() if path is not None}
    if not (DATA / "calibration").is_dir():  # what merges depend on is there, and in git, even where it holds nothing
        write_text(DATA / "calibration" / ".gitignore", "")
    keep_out_of_git(DATA / "models", own | {model: find_snapshot(source) for model, source in hub.items()})


def problems(config: Config, name: str, track: Track, say: Say) -> None:
    """Write one benchmark's problems."""
    from l2s.benchmarks import write_problems

    count = write_problems(name, config.benchmarks[name], DATA / "benchmarks" / f"{name}.jsonl")
    say(f"{count} problems")


def calibrate(config: Config, name: str, track: Track, say: Say) -> None:
    """Measure one model on calibration texts: the user's own, or the embedded family's."""
    from l2s.calibration.calibrate import calibrate as calibrate_model
    from l2s.family.texts import write_texts

    params = config.calibration[name]
    texts = Path(params.texts)
    if params.texts == "family":
        texts = HIDDEN / "calibration" / f"{name}.jsonl"
        write_texts(config.family, params.samples, texts)
    models = {model: DATA / "models" / model for model in config.models}
    out = DATA / "calibration" / f"{name}.safetensors"
    others = {model: models[model] for model in params.distance_to}
    found = calibrate_model(models[params.model], texts, out, params, others=others, track=track)
    say(f"{params.kind} of {params.model}, {len(found.tensors)} weights or layers")


def merge(config: Config, name: str, track: Track, say: Say) -> None:
    """Make one recipe's checkpoint; costs stay out of the manifest, so that its bytes repeat."""
    from l2s.merging.merge import merge_checkpoints
    from l2s.merging.recipe import MergeRecipe

    recipe = MergeRecipe.parse(config.recipes[name], f"params.yaml: recipes.{name}")
    folders = {model: DATA / "models" / model for model in config.models}
    statistics = {name: DATA / "calibration" / f"{name}.safetensors" for name in config.calibration}
    manifest = merge_checkpoints(
        recipe, folders, DATA / "merged" / name, track=track, record_costs=False, statistics=statistics
    )
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"{recipe.merge_method} merge of {', '.join(model.model for model in recipe.models)}; {manifest.donor.reason}")


def generate(config: Config, name: str, track: Track, say: Say) -> dict[str, Any]:
    """Answer every benchmark with one run's model under its control; return what it took."""
    from flows.costs import generation_cost
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import generate_responses

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


def verify(config: Config, name: str, track: Track, say: Say) -> None:
    """Grade one run's responses."""
    from l2s.verification.io.graded_files import verify_file

    responses, out = DATA / "responses" / f"{name}.jsonl", DATA / "verdicts" / f"{name}.jsonl"
    rows = verify_file(responses, out, grader=config.grading.grader, jobs=config.grading.jobs, track=track, say=say)
    say(f"{sum(row['correct'] for row in rows)} of {len(rows)} correct")


def analyse(config: Config, name: None, track: Track, say: Say) -> None:
    """Summarise every run's verdicts."""
    from flows.facts import facts_of
    from l2s.analysis.analyse import analyse as analyse_verdicts
    from l2s.analysis.reading import read_verdicts
    from l2s.analysis.summary import write_summary

    settings = config.analysis.model_copy(update={"candidates": config.merged_runs()})
    verdicts = read_verdicts([DATA / "verdicts" / f"{run}.jsonl" for run in config.runs], settings, track)
    report = analyse_verdicts(verdicts, settings, facts_of(config, DATA))
    write_summary(report, DATA / "summary")
    say(report.chosen.reason)


def report(config: Config, name: None, track: Track, say: Say) -> None:
    """Build the page."""
    from flows.page import build_report

    say(f"{build_report(config, DATA)}")


STAGES: dict[str, Callable[..., dict[str, Any] | None]] = {
    "family": family,
    "problems": problems,
    "calibrate": calibrate,
    "merge": merge,
    "generate": generate,
    "verify": verify,
    "analyse": analyse,
    "report": report,
}


def run_stage(stage: str, name: str | None, track: Track, say: Say) -> dict[str, Any]:
    """Run one stage; return what it took besides time, where it says so.

    Raises:
        ConfigError: no such stage, or none of that name.
    """
    if stage not in STAGES:
        raise ConfigError(f"stage '{stage}' is not known{nearest(stage, STAGES)}")
    config = Config.read()
    names: dict[str, Mapping[str, object]] = {
        "problems": config.benchmarks,
        "calibrate": config.calibration,
        "merge": config.recipes,
        "generate": config.runs,
        "verify": config.runs,
    }
    if stage in names and name not in names[stage]:
        raise ConfigError(f"stage {stage}: no '{name}' in params.yaml{nearest(name or '', names[stage])}")
    from flows.recording import recorded

    with recorded(stage, name, config):
        return STAGES[stage](config, name, track, say) or {}
