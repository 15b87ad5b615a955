"""The public API: what the commands do, as functions with the commands' options; documented in docs/api.md.

Each imports what it needs when it is called: :func:`merge` and :func:`check` no Prefect, no DVC and, with common
methods on bfloat16, no torch. What a user can mend is an :class:`l2s.L2SError`, of one sentence. Files are written
whole or not at all, in the place of what lies there already; an input is never replaced.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from l2s.core.errors import ConfigError
from l2s.core.extras import naming_extras
from l2s.core.files import STORE
from l2s.core.progress import Track, silent, stepped
from l2s.core.row import Row

if TYPE_CHECKING:
    from l2s.analysis.analyse import Report
    from l2s.checkpoints.checks.compatible import Finding
    from l2s.checkpoints.statistics import Statistics
    from l2s.generation.controls.control import ControlParams
    from l2s.generation.generate import Counts
    from l2s.generation.settings import DecodingParams
    from l2s.merging.plan.merge_plan import MergePlan
    from l2s.merging.recipe import MergeRecipe
    from l2s.merging.run.manifest import MergeManifest
    from l2s.verification.verify import Verdict

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class Verified:
    """Graded responses."""

    rows: list[Row]
    """As they came, each with ``answer``, ``status``, ``correct`` and ``grader``."""
    agreement: list[Row] = field(default_factory=list)
    """How far every two graders agree, where all were asked."""

    @property
    def correct(self) -> int:
        """How many are right."""
        return sum(row["correct"] for row in self.rows)


@dataclass(frozen=True)
class Sampled(Verified):
    """Graded responses, and where they came from."""

    generated: int = 0
    stored: int = 0
    """Of them, those that the response store had."""


@naming_extras("l2s check")
def check(
    recipe: Source | Mapping[str, Any] | MergeRecipe,
    *,
    models: Mapping[str, Path] | None = None,
    quick: bool = False,
    track: Track = silent,
) -> list[Finding]:
    """Everything that would make a merge fail or go wrong, before a byte is written.

    Args:
        recipe: a YAML file in mergekit's dialect, or what such a file holds.
        models: folders by the recipe's names; a name that is not there is a folder or a model of the hub itself.
        quick: do not look through all weights for NaN.
        track: shows progress, e.g. :func:`l2s.core.progress.bar`.

    Returns:
        Findings, each with its ``sentence``; a merge with one that is ``fatal`` is refused.

    Raises:
        L2SError: the recipe itself says something that cannot be.
    """
    return list(plan(recipe, models=models, quick=quick, track=track).findings)


@naming_extras("l2s check")
def plan(
    recipe: Source | Mapping[str, Any] | MergeRecipe,
    *,
    models: Mapping[str, Path] | None = None,
    quick: bool = False,
    track: Track = silent,
) -> MergePlan:
    """The plan that a merge would execute, with its findings and estimates; arguments are those of :func:`check`."""
    from l2s.checkpoints.checks.soundness import scan_for_nan
    from l2s.merging.plan.preflight import plan_merge

    found = plan_merge(_recipe(recipe), models)
    if quick or found.refused:
        return found
    return replace(found, findings=(*found.findings, *scan_for_nan(found.models, track)))


@naming_extras("l2s merge")
def merge(
    recipe: Source | Mapping[str, Any] | MergeRecipe,
    out: Source,
    *,
    models: Mapping[str, Path] | None = None,
    statistics: Mapping[str, Path] | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_memory: int | str | None = None,
    device: str = "cpu",
    force: bool = False,
    track: Track = silent,
) -> MergeManifest:
    """Merge models by a recipe; ``out`` appears whole or not at all, and a killed merge goes on where it was.

    Args:
        recipe: a YAML file in mergekit's dialect, or what such a file holds.
        out: folder of the merged model; a merge of ours that lies there is replaced.
        models: folders by the recipe's names; a name that is not there is a folder or a model of the hub itself.
        statistics: files of calibration statistics by the recipe's names.
        seed: of random masks, recorded.
        threads: tensors at a time; changes no byte. Default: one a core.
        max_memory: most memory to take, in bytes or as ``"4GB"``.
        device: where the arithmetic is done, ``cpu`` or ``cuda``.
        force: replace ``out``, and merge against warnings.
        track: shows progress, e.g. :func:`l2s.core.progress.bar`.

    Returns:
        What ``out/l2s_manifest.json`` says: ``recipe``, ``inputs``, ``donor``, ``notes``, ``tensors``, …
    """
    from l2s.merging.plan.memory import parse_size
    from l2s.merging.run.merge import merge_checkpoints

    memory = parse_size(max_memory) if isinstance(max_memory, str) else max_memory
    return merge_checkpoints(
        _recipe(recipe), models, _path(out, "out"), seed=seed, threads=threads, max_memory=memory, device=device,
        force=force, statistics=statistics, track=track,
    )  # fmt: skip


@naming_extras("l2s calibrate", "generate")
def calibrate(
    model: Source,
    texts: Source,
    out: Source,
    *,
    kind: str = "activations",
    answer: str = "short",
    samples: int = 100,
    max_tokens: int = 512,
    distance_to: Sequence[Source] = (),
    layers_at_a_time: bool = False,
    device: str = "cpu",
    seed: int = 0,
    track: Track = silent,
) -> Statistics:
    """Measure activations or sensitivities of a model, for methods that use them; resumes after a kill.

    Args:
        model: a model folder.
        texts: JSONL rows with ``prompt``, ``short`` and ``long``.
        out: a safetensors file.
        kind: ``activations`` (for aim) or ``sensitivities`` (for sens).
        answer: which answer follows the prompt: ``short``, ``long`` or ``none``.
        samples: texts taken, in an order drawn from the seed.
        max_tokens: most tokens of a text.
        distance_to: sensitivities: other models to measure the logits' distance to.
        layers_at_a_time: hold one layer in memory, not the model.
        device: ``cpu`` or ``cuda``.
        seed: every random draw derives from it.
        track: shows progress.
    """
    from l2s.calibration.calibrate import calibrate as calibrate_model
    from l2s.calibration.settings import CalibrationParams

    folder, rows, target = _path(model, "model"), _path(texts, "texts"), _path(out, "out")
    others = {str(path): _path(path, "distance_to") for path in distance_to}
    _keep([folder, rows, *others], target)
    params = CalibrationParams.parse(
        {
            "model": str(folder), "texts": str(rows), "kind": kind, "answer": answer, "samples": samples,
            "max_tokens": max_tokens, "layers_at_a_time": layers_at_a_time, "distance_to": list(others), "seed": seed,
        },
        "options",
    )  # fmt: skip
    return calibrate_model(folder, rows, target, params, others=others, device=device, track=track, say=_warn)


@naming_extras("l2s generate", "generate")
def generate(
    model: Source,
    problems: Source,
    out: Source,
    *,
    run: str | None = None,
    engine: str = "auto",
    control: Source | Mapping[str, Any] | ControlParams | None = None,
    prompt: Source | Mapping[str, Any] = "chat",
    date: str | None = None,
    template_kwargs: Mapping[str, Any] | None = None,
    level: str | None = None,
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    top_k: int = 0,
    max_tokens: int = 2048,
    device: str = "cpu",
    seed: int = 0,
    store: Source = STORE,
    track: Track = silent,
    say: Callable[[str], None] | None = None,
) -> Counts:
    """Answer problems with a model; only what the response store lacks is generated.

    Args:
        model: a model folder.
        problems: JSONL rows with ``id``, ``problem``, ``gold``, and ``benchmark``, or else the file's name.
        out: JSONL of responses.
        run: name of the run; default: MODEL or MODEL-CONTROL.
        engine: ``auto``, ``transformers`` or ``vllm``.
        control: a length control: a YAML file, or what it holds, e.g. ``{"kind": "budget", "max_think": 500}``.
        prompt: ``chat``, ``plain``, ``qwen25-math-cot``, ``cot``, a YAML file, or what such a file holds.
        date: what a chat template takes for today, ``YYYY-MM-DD``.
        template_kwargs: variables of the chat template, e.g. ``{"enable_thinking": False}``.
        level: ``short``, ``medium`` or ``long``, of a model that was trained to be asked for it.
        samples: responses per problem.
        temperature: 0 is greedy.
        top_p: of nucleus sampling.
        top_k: 0 means all tokens.
        max_tokens: most generated tokens a response.
        device: ``cpu`` or ``cuda``.
        seed: every random draw derives from it.
        store: the file of the response store.
        track: shows progress.
        say: told what the user should know of model, template and control; default: a warning each.

    Returns:
        How many responses were ``generated``, and how many ``stored`` already.
    """
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import Run, generate_responses
    from l2s.generation.levels import at_level

    folder, asked, target = _path(model, "model"), _path(problems, "problems"), _path(out, "out")
    found = _control(control)
    decoding = _decoding(
        engine, device, prompt, date, template_kwargs, temperature=temperature, top_p=top_p, top_k=top_k,
        max_tokens=max_tokens, samples=samples, seed=seed,
    )  # fmt: skip
    decoding = decoding if level is None else at_level(decoding, folder, level, say or _warn)
    _keep([folder, asked, *([control] if isinstance(control, str | os.PathLike) else [])], target)
    return generate_responses(
        folder, Checkpoint(folder).digest, [asked], target,
        Run(_run_name(run, folder, control), decoding, found), _path(store, "store"), track, say or _warn,
    )  # fmt: skip


def prompt_settings(
    prompt: Source | Mapping[str, Any], date: str | None, template_kwargs: Mapping[str, Any] | None
) -> Any:
    """The prompt's settings: a style, a file or its content, with what is said of the chat template beside it."""
    from l2s.core.yaml import read_yaml

    if isinstance(prompt, Mapping):
        style: Any = dict(prompt)
    else:
        is_file = str(prompt).endswith((".yaml", ".yml"))
        style = read_yaml(Path(prompt)) if is_file else {"style": str(prompt)}
    if not isinstance(style, dict) or not isinstance(style.get("template_kwargs", {}), dict):
        return style
    variables = {**style.get("template_kwargs", {}), **(template_kwargs or {})}
    more = {"template_kwargs": variables} if variables else {}
    return {**style, **more, **({"date": date} if date is not None else {})}


def _decoding(
    engine: str, device: str, prompt: Source | Mapping[str, Any], date: str | None = None,
    template_kwargs: Mapping[str, Any] | None = None, **sampling: float,
) -> DecodingParams:  # fmt: skip
    from l2s.generation.settings import DecodingParams

    style = prompt_settings(prompt, date, template_kwargs)
    options = {"engine": engine, "device": device, "prompt": style, "sampling": sampling}
    return DecodingParams.parse(options, "options")


@naming_extras("l2s sample", "generate")
def sample(
    model: Source,
    problems: Source,
    out: Source,
    *,
    run: str | None = None,
    engine: str = "auto",
    prompt: Source | Mapping[str, Any] = "chat",
    date: str | None = None,
    template_kwargs: Mapping[str, Any] | None = None,
    samples: int = 8,
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
    max_tokens: int = 2048,
    grader: str = "l2s",
    jobs: int = 1,
    device: str = "cpu",
    seed: int = 0,
    store: Source = STORE,
    track: Track = silent,
    say: Callable[[str], None] | None = None,
) -> Sampled:
    """Several responses to every problem, graded, for a training to learn from.

    Arguments are those of :func:`generate` and :func:`verify`; ``out`` is JSONL of verdicts.
    """
    from l2s.checkpoints import Checkpoint
    from l2s.generation.generate import Run
    from l2s.sampling.sample import sample_responses

    folder, asked, target = _path(model, "model"), _path(problems, "problems"), _path(out, "out")
    decoding = _decoding(
        engine, device, prompt, date, template_kwargs, temperature=temperature, top_p=top_p, top_k=top_k,
        max_tokens=max_tokens, samples=samples, seed=seed,
    )  # fmt: skip
    _keep([folder, asked], target)
    counts, rows = sample_responses(
        folder, Checkpoint(folder).digest, [asked], target, Run(_run_name(run, folder, None), decoding),
        _path(store, "store"), grader=grader, jobs=jobs, track=track, say=say or _warn,
    )  # fmt: skip
    return Sampled(rows, generated=counts.generated, stored=counts.stored)


@naming_extras("l2s train", "train")
def train(
    training: Source | Mapping[str, Any],
    out: Source,
    *,
    benchmarks: Sequence[Source] = (),
    prompt: Source | Mapping[str, Any] = "chat",
    engine: str = "auto",
    device: str = "cpu",
    work: Source | None = None,
    force: bool = False,
    track: Track = silent,
) -> dict[str, Any]:
    """Train a model; ``out`` appears whole at the end, and a killed training goes on where it was.

    Args:
        training: a block as under ``training:`` in params.yaml, with folders and files in the place of names: a YAML
            file, to which its paths are relative, or what it holds.
        out: folder of the trained model.
        benchmarks: JSONL of problems that must not be learned from.
        prompt: how problems are put: ``chat``, ``plain``, …, a YAML file, or what such a file holds.
        engine: of what is sampled meanwhile: ``auto``, ``transformers`` or ``vllm``.
        device: ``cpu`` or ``cuda``.
        work: folder for states of an unfinished training; default: ``.l2s/training/`` and ``out``'s name.
        force: replace ``out`` if it holds something else than a training.
        track: shows progress, by steps.

    Returns:
        What ``out/l2s_manifest.json`` says: ``method``, ``settings``, ``tokens``, ``steps``, …
    """
    from l2s.training.file import read_training
    from l2s.training.gathered import draw
    from l2s.training.run import train as train_model

    target = _path(out, "out")
    found, where = _content(training, "training")
    folder = Path() if isinstance(training, Mapping) else Path(training).parent
    settings = read_training(found, where, folder)
    tests = [_path(path, "benchmarks") for path in benchmarks]
    _keep([settings.model, *settings.sources, *tests], target)
    states = _path(work, "work") if work is not None else STORE.parent / "training" / _name_of_work(target)
    drawn = draw(settings, states.parent / f"{states.name}-problems", where)
    return train_model(
        settings, start=Path(settings.model), samples={name: Path(name) for name in settings.sources},
        problems=drawn.problems, validation=drawn.validation, benchmarks=tests,
        out=target, work=states, decoding=_decoding(engine, device, prompt), force=force,
        on_step=stepped(track, settings.method),
    )  # fmt: skip


@naming_extras("l2s search", "search")
def search_recipe(
    search: Source | Mapping[str, Any],
    out: Source,
    *,
    budget: int | None = None,
    sampler: str | None = None,
    jobs: int = 1,
    store: Source = STORE,
    work: Source | None = None,
    track: Track = silent,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Find the shortest recipe within ranges that is as right as the slow model; a killed search goes on.

    Args:
        search: a block as under ``searches:`` in params.yaml, with ``models`` (folders by name) and ``problems`` (a
            file) beside it: a YAML file, to which its paths are relative, or what it holds.
        out: folder of what was found: ``recipe.yaml``, ``trials.csv``, ``search.json``, …
        budget: problems of all trials together, in the place of what the search says.
        sampler: in the place of what the search says.
        jobs: trials answered at once, each in a process with an engine, or GPU, of its own; changes no byte.
        store: the file of the response store.
        work: folder for the journal of an unfinished search; default: ``.l2s/searches``.
        track: shows progress, by problems.
        say: told how each trial ended; default: nobody.

    Returns:
        What ``out/search.json`` says: ``found``, ``winner``, ``certificate``, ``best_bound``, ``spent``, …
    """
    from l2s.checkpoints.files.json_file import read_object
    from l2s.core.files import write_text
    from l2s.core.yaml import dump_yaml
    from l2s.search.file import read_search, with_folders
    from l2s.search.run import live_settings, problems_of, run_search

    target = _path(out, "out")
    found, where = _content(search, "search")
    folder = Path() if isinstance(search, Mapping) else Path(search).parent
    asked = read_search(found, where, folder, budget=budget, sampler=sampler)
    _keep([*asked.models.values(), *(one.path for one in asked.asked() if one.path is not None)], target)
    states = (_path(work, "work") if work is not None else STORE.parent / "searches") / _name_of_work(target)
    problems = problems_of(asked, states / "problems.jsonl", where)
    result = run_search(
        asked.settings(*problems), asked.space(where), [row for rows in problems.values() for row in rows],
        live_settings(asked, target.name, _path(store, "store"), states), target, states / "journal.jsonl",
        recipes=asked.recipes, jobs=jobs, track=track, say=say or (lambda sentence: None),
    )  # fmt: skip
    if result.winner is not None:
        recipe = with_folders(result.winner.proposal.candidate.recipe, asked)
        write_text(target / "recipe.yaml", dump_yaml(recipe))
    return read_object(target / "search.json")


def grade(*, gold: str, answer: str, grader: str = "l2s") -> Verdict:
    r"""Compare one answer with the gold answer; either may stand in ``\boxed{…}`` or ``$…$``; ``3`` is as ``"3"``.

    Raises:
        ConfigError: ``grader`` does not exist; or an argument is neither text nor a number.
    """
    from l2s.verification.verify import grade as graded

    found: dict[str, Any] = {"gold": gold, "answer": answer}
    for name, said in found.items():
        if isinstance(said, bool) or not isinstance(said, str | int | float):
            raise ConfigError(f"{name}: found {said!r:.60}, expected text or a number")
    return graded(gold=str(gold), answer=str(answer), grader=grader)


@naming_extras("l2s verify")
def verify(
    responses: Source | Iterable[Row],
    out: Source | None = None,
    *,
    grader: str = "l2s",
    format: str = "l2s",
    out_format: str = "l2s",
    jobs: int = 1,
    track: Track = silent,
) -> Verified:
    """Grade responses: extract each answer and compare it with gold.

    Args:
        responses: JSONL, or rows, with at least ``gold`` and ``response``. Broken lines of a file are kept beside
            ``out``, with a warning.
        out: JSONL of verdicts; needed with a file.
        grader: ``l2s``, ``math-verify``, ``qwen``, or with a file ``all`` side by side.
        format: of the file ``responses``: ``l2s``, ``qwen`` (Qwen2.5-Math's) or ``lm-eval``.
        out_format: of ``out``: ``l2s`` or ``lm-eval``.
        jobs: worker processes.
        track: shows progress.
    """
    from l2s.verification import verify_file, verify_rows

    if not isinstance(responses, str | os.PathLike):
        if out is not None:
            raise ConfigError("verify: rows are returned, and OUT goes with a file; write them with l2s.records")
        return Verified(verify_rows(_rows(responses), grader, jobs, track))
    if out is None:
        raise ConfigError(f"verify: {responses} is a file; expected OUT beside it, a file for the verdicts")
    target = _path(out, "out")
    _keep([responses], target)
    agreement = list[Row]()
    rows = verify_file(
        Path(responses), target, grader, jobs, track, format=format, out_format=out_format, say=_warn,
        report=agreement.extend,
    )  # fmt: skip
    return Verified(rows, agreement)


@naming_extras("l2s analyse")
def analyse(
    verdicts: Source | Sequence[Source],
    out: Source | None = None,
    *,
    baseline: str | Sequence[str] = (),
    about: Source | Mapping[str, Any] | None = None,
    margin: float = 0.02,
    shared: bool = False,
    track: Track = silent,
) -> Report:
    """Summarise verdict files: accuracy, length and paired comparisons, with intervals.

    Args:
        verdicts: one file or several, also of other tools' outputs.
        out: folder for the summary and its tables; None: they are returned alone.
        baseline: the slow run that others are compared with; ``RUN=SLOW`` for one run's own.
        about: run to method, coefficients, control, parameters, … as far as known: a YAML file, or what it holds.
        margin: parity is accuracy at most this much lower (a share).
        shared: compare runs on the problems both answered; else others are refused.
        track: shows progress.

    Returns:
        The summary: ``rows`` has one a run and benchmark, ``comparisons``, ``overall``, ``notes``, …
    """
    from l2s.analysis.analyse import analyse as analyse_verdicts
    from l2s.analysis.inputs.about import read_about, settings_of
    from l2s.analysis.inputs.reading import read_verdicts
    from l2s.analysis.output.summary import write_summary

    given = [verdicts] if isinstance(verdicts, str | os.PathLike) or not isinstance(verdicts, Iterable) else verdicts
    files = [_path(path, "verdicts") for path in given]
    target = _path(out, "out") if out is not None else None
    settings = settings_of([baseline] if isinstance(baseline, str) else baseline, margin, shared)
    facts = read_about(*_content(about, "about")) if about is not None else {}
    report = analyse_verdicts(read_verdicts(files, settings, track), settings, facts)
    if target is not None:
        write_summary(report, target)
    return report


def _recipe(recipe: Source | Mapping[str, Any] | MergeRecipe) -> MergeRecipe:
    from l2s.merging.recipe import MergeRecipe

    if isinstance(recipe, MergeRecipe):
        return recipe
    found, where = _content(recipe, "recipe")
    return MergeRecipe.parse(found, where if where == "recipe" else f"{where}: recipe")


def _control(control: Source | Mapping[str, Any] | ControlParams | None) -> ControlParams:
    from l2s.generation.controls.control import ControlParams

    return control if isinstance(control, ControlParams) else ControlParams.parse(*_content(control or {}, "control"))


def _content(given: Source | Mapping[str, Any], name: str) -> tuple[Any, str]:
    """What a YAML file holds, or what was given in its place; and where it stands, for errors."""
    from l2s.core.yaml import read_yaml

    if not isinstance(given, str | os.PathLike | Mapping):
        raise ConfigError(f"{name}: found {given!r:.60}, expected the path of a YAML file, or what it holds: a mapping")
    return (dict(given), name) if isinstance(given, Mapping) else (read_yaml(Path(given)), str(given))


def _path(given: Any, name: str) -> Path:
    """An argument that names a file or a folder."""
    if not isinstance(given, str | os.PathLike) or isinstance(os.fspath(given), bytes):
        raise ConfigError(f"{name}: found {given!r:.60}, expected a path, as text or a pathlib.Path")
    return Path(given)


def _rows(given: Iterable[Row]) -> list[Row]:
    """Rows that were given in the place of a file."""
    rows = list(given) if isinstance(given, Iterable) else [given]
    if odd := [row for row in rows if not isinstance(row, Mapping)]:
        raise ConfigError(f"responses: found {odd[0]!r:.60}, expected the path of a file, or rows: a list of mappings")
    return rows


def _run_name(run: str | None, model: Path, control: Any) -> str:
    """A name as params.yaml takes them; by default the model's and the control's."""
    from l2s.references import NAME

    if run is not None:
        if not NAME.fullmatch(run):
            raise ConfigError(f"run: found {run!r}, expected a name of letters, digits, '.', '_' and '-'")
        return run
    own = model.name or model.resolve().name
    if control is None:
        return own
    return f"{own}-{Path(control).stem if isinstance(control, str | os.PathLike) else _control(control).kind}"


def _name_of_work(out: Source) -> str:
    """A name for unfinished work on ``out``: its own, and a digest of where it lies."""
    from l2s.core.digests import BLAKE3, digest_text, without_name

    return f"{Path(out).name}-{without_name(digest_text(os.path.abspath(out), BLAKE3))[:16]}"


def _keep(inputs: Iterable[Source], out: Source) -> None:
    """No input is replaced."""
    for path in inputs:
        if os.path.realpath(path) == os.path.realpath(out):
            raise ConfigError(f"{out}: is an input; choose another place to write to")


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)
