"""Names in params.yaml and what refers to them, looked at as the file has them, so that all is told at once.

Nothing here needs the file to be right otherwise: a block of another form is passed over, since its own check says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from l2s.core.devices import DEVICE
from l2s.core.params import nearest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LONGEST = 100
"""Characters of a name: files are called after it, and a file's name has at most 255 bytes."""
RESERVED = re.compile(r"(?i)con|prn|aux|nul|com[0-9]|lpt[0-9]|item|key")
"""Files of these names cannot be checked out everywhere; the last two are DVC's own words."""
NAMED = (
    "models", "benchmarks", "calibration", "recipes", "samples", "training", "searches", "controls", "runs",
)  # fmt: skip
"""Blocks of names."""
BLOCKS = {
    "models": "{slow: {source: path, path: …}}", "benchmarks": "{test: {source: file, path: …}}",
    "runs": "{slow: {model: models/slow, control: none}}", "analysis": "{slow: slow}",
}  # fmt: skip
"""Blocks that have no default, and what can stand there."""
DEFAULTS = {
    "family": "{}", "calibration": "{}", "recipes": "{}", "samples": "{}", "training": "{}", "searches": "{}",
    "controls": "{none: {kind: none}}", "decoding": "{engine: auto}", "grading": "{grader: l2s}", "report": "{}",
}  # fmt: skip
"""Blocks that can be left out, though DVC looks them up for some stage, and what then holds."""
INNER = {("decoding", "engine"): "auto", ("decoding", "prompt"): "{style: chat}", ("grading", "grader"): "l2s"}
"""Keys within blocks, likewise: DVC finds the code of engine and grader by them; trainings depend on the prompt."""
FILLED = ("models", "benchmarks", "runs")
"""Blocks without an entry of which there is nothing to do."""
STAGES = (
    "family", "problems", "calibrate", "merge", "sample", "gather", "train", "search", "found", "generate", "verify",
    "analyse", "report",
)  # fmt: skip
"""Kinds of stages, each said by ``tasks/<kind>.py``."""
EMBEDDED = ("base", "quick", "slow")
"""Models of the embedded family."""
SAMPLED = ("samples", "chosen", "rejected", "short", "long")
"""Keys of a training's ``data`` that name blocks ``samples:``."""
ENGINES, GRADERS = ("auto", "transformers", "vllm"), ("l2s", "math-verify", "qwen")
"""As their own packages have them, whose import would take seconds."""
Block = Mapping[str, Any]


def broken_references(params: Any) -> list[str]:
    """Everything that is wrong with names, and every reference that leads nowhere, as ``key: what is wrong``."""
    if not isinstance(params, Mapping):
        return []
    return [
        *_blocks(params),
        *_names(params),
        *_models(params),
        *_samples(params),
        *_trainings(params),
        *_runs(params),
        *_roles(params),
        *_words(params),
        *_needs(params),
    ]


def block(params: Any, *path: str) -> Block:
    """A block of the file; empty where there is none, or something else."""
    for key in path:
        params = params.get(key) if isinstance(params, Mapping) else None
    return params if isinstance(params, Mapping) else {}


def stage_names(params: Block) -> set[str]:
    """Stages and kinds of stages that dvc.yaml makes of the file."""
    groups = (
        ("problems", "benchmarks"), ("calibrate", "calibration"), ("merge", "recipes"), ("sample", "samples"),
        ("gather", "training"), ("train", "training"), ("search", "searches"), ("found", "searches"),
        ("generate", "runs"), ("verify", "runs"),
    )  # fmt: skip
    return {*STAGES, *(f"{kind}@{name}" for kind, of in groups for name in block(params, of))}


def _blocks(params: Block) -> Iterator[str]:
    for key, least in (BLOCKS | DEFAULTS).items():
        if key not in params and key in BLOCKS:
            yield f"{key}: missing; expected at least `{key}: {least}`"
        elif key in params and (params[key] is None or (params[key] == {} and key in FILLED)):
            yield f"{key}: empty; expected at least `{key}: {least}`"


def _names(params: Block) -> Iterator[str]:
    for kind in NAMED:
        seen: dict[str, str] = {}
        for name in block(params, kind):
            if wrong := _wrong_name(kind, name):
                yield f"{kind}.{_shown(name)}: {wrong}"
            elif (twin := seen.setdefault(name.lower(), name)) != name:
                yield f"{kind}.{name}: differs from '{twin}' by case alone, which some file systems do not tell apart"


def _wrong_name(kind: str, name: str) -> str | None:
    if not NAME.fullmatch(name):
        return "a name takes letters, digits, '_' and '-', and begins with a letter or digit"
    if len(name) > LONGEST:
        return f"a name of {len(name)} characters; at most {LONGEST}, since files are called after it"
    if "." in name and kind != "models":
        return f"a name with a dot, which DVC takes for two levels of the file; write {name.replace('.', '-')}"
    if RESERVED.fullmatch(name) or name.endswith((".partial", ".old")):
        return "a reserved name, which no file can have everywhere; choose another"
    return None


def _models(params: Block) -> Iterator[str]:
    models = block(params, "models")
    for name in models:
        if block(models, name).get("source") == "family" and name not in EMBEDDED:
            yield f"models.{name}: the embedded family has no such model{nearest(name, EMBEDDED)}"
    for name in block(params, "calibration"):
        entry = block(params, "calibration", name)
        others = entry.get("distance_to")
        for model in [entry.get("model"), *(others if isinstance(others, list) else [])]:
            if isinstance(model, str) and model not in models:
                yield f"calibration.{name}: '{_shown(model)}' is no model{nearest(model, models)}"


def _folders(params: Block, *kinds: str) -> list[str]:
    """Folders of models under ``data/``."""
    blocks = {"models": ("models",), "merged": ("recipes", "searches"), "trained": ("training",)}
    return [f"{kind}/{name}" for kind in kinds for of in blocks[kind] for name in block(params, of)]


def _is_folder(where: str, model: Any, folders: list[str], kinds: str) -> Iterator[str]:
    if isinstance(model, str) and model not in folders:
        same = [folder for folder in folders if folder.partition("/")[2] == model]
        hint = f"; did you mean '{same[0]}'?" if same else nearest(model, folders)
        yield f"{where}: '{_shown(model)}' is no {kinds}{hint}"


def _samples(params: Block) -> Iterator[str]:
    folders = _folders(params, "models", "merged")
    for name, entry in block(params, "samples").items():
        yield from _is_folder(f"samples.{name}.model", block(entry).get("model"), folders, "model or recipe")


def _trainings(params: Block) -> Iterator[str]:
    folders, samples = _folders(params, "models", "merged", "trained"), block(params, "samples")
    trainings = block(params, "training")
    for name in trainings:
        entry = block(trainings, name)
        yield from _is_folder(f"training.{name}.model", entry.get("model"), folders, "model, recipe or training")
        if _is_circular(trainings, name):
            yield f"training.{name}.model: the training starts from what it makes; name a model that is there before"
        data = entry.get("data")
        named = [(f"data.{key}", block(data).get(key)) for key in SAMPLED] + [("reference", entry.get("reference"))]
        for key, found in named:
            if isinstance(found, str) and found not in samples:
                yield f"training.{name}.{key}: '{_shown(found)}' is not under samples{nearest(found, samples)}"


def _is_circular(trainings: Block, name: str) -> bool:
    """Whether the models that a training starts from, one after another, lead back to it."""
    start = name
    for _ in trainings:
        kind, _, start = str(block(trainings, start).get("model")).partition("/")
        if kind != "trained":
            return False
        if start == name:
            return True
    return False


def _runs(params: Block) -> Iterator[str]:
    controls = block(params, "controls")
    folders = _folders(params, "models", "merged", "trained")
    for name in block(params, "runs"):
        run = block(params, "runs", name)
        model, control = run.get("model"), run.get("control", "none")
        yield from _is_folder(f"runs.{name}.model", model, folders, "model, recipe or training")
        if run.get("level") is not None and isinstance(model, str) and not model.startswith("trained/"):
            yield f"runs.{name}.level: '{_shown(model)}' was trained for no level; name a training, or leave level out"
        if run.get("sampling") is not None and model in folders and plain_twin(params, name) is None:
            yield (
                f"runs.{name}.sampling: there is no run of the same model, control and level without sampling of its "
                "own, beside which this one would be shown; add it"
            )
        if not isinstance(control, str):
            continue
        if control == "none" and "controls" not in params:
            continue
        if control not in controls:
            hint = nearest(control, controls)
            more = "" if "did you mean" in hint else "; declare it under controls"
            yield f"runs.{name}.control: unknown '{_shown(control)}'{hint}{more}"
        elif block(controls, control).get("kind") == "cothink":
            yield (
                f"runs.{name}.control: cothink asks a second model, whose changes the pipeline would not notice; "
                "answer with `l2s generate --control` instead"
            )


def plain_twin(params: Block, name: str) -> str | None:
    """The run that answers as ``decoding`` says and is like this one otherwise."""
    runs = block(params, "runs")

    def asked(run: Block) -> tuple[Any, ...]:
        return run.get("model"), run.get("control"), run.get("level")

    own = asked(block(runs, name))
    plain = (one for one in runs if block(runs, one).get("sampling") is None and asked(block(runs, one)) == own)
    return next(plain, None)


def _roles(params: Block) -> Iterator[str]:
    """Runs and benchmarks that analysis and nights name."""
    runs, benchmarks, analysis = block(params, "runs"), block(params, "benchmarks"), block(params, "analysis")
    own = block(analysis, "baselines")
    yield from _each("analysis.slow", [analysis.get("slow")], runs, "run")
    yield from _each("analysis.quick", [analysis.get("quick")], runs, "run")
    yield from _each("analysis.baselines", [*own, *own.values()], runs, "run")
    yield from _each("analysis.candidates", analysis.get("candidates"), runs, "run")
    yield from _aside(params, analysis)
    yield from _each("analysis.validation", [analysis.get("validation")], benchmarks, "benchmark")
    yield from _each("analysis.test", analysis.get("test"), benchmarks, "benchmark")
    yield from _each("nightly.runs", block(params, "nightly").get("runs"), runs, "run")


def _aside(params: Block, analysis: Block) -> Iterator[str]:
    """Runs with sampling of their own are compared with their model's other run alone."""
    own, more = block(analysis, "baselines"), analysis.get("candidates")
    named = {"slow": [analysis.get("slow")], "quick": [analysis.get("quick")], "baselines": [*own, *own.values()],
             "candidates": more if isinstance(more, list) else []}  # fmt: skip
    for key, names in named.items():
        for name in names:
            if isinstance(name, str) and block(params, "runs", name).get("sampling") is not None:
                yield f"analysis.{key}: '{_shown(name)}' has sampling of its own; name {plain_twin(params, name)}"


def _each(where: str, names: Any, known: Iterable[str], kind: str) -> Iterator[str]:
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str) and name not in known:
            yield f"{where}: '{_shown(name)}' is no {kind}{nearest(name, known)}"


def _words(params: Block) -> Iterator[str]:
    """Engine, device and grader."""
    engine, device = (block(params, "decoding").get(key) for key in ("engine", "device"))
    grader = block(params, "grading").get("grader")
    for where, word, known in (("decoding.engine", engine, ENGINES), ("grading.grader", grader, GRADERS)):
        if isinstance(word, str) and word not in known:
            yield f"{where}: '{_shown(word)}' is not known{nearest(word, known)}"
    if isinstance(device, str) and not DEVICE.fullmatch(device):
        yield f"decoding.device: '{_shown(device)}' is not known{nearest(device, ('cpu', 'cuda', 'cuda:0'))}"


def _needs(params: Block) -> Iterator[str]:
    known = stage_names(params)
    for name in block(params, "resources", "needs"):
        if name not in known:
            yield f"resources.needs.{_shown(name)}: no such stage{nearest(name, known)}"


def _shown(name: str) -> str:
    """A name as a message can hold it: short, control characters written out."""
    written = name if name.isprintable() else repr(name)[1:-1]
    return written if len(written) <= 60 else f"{written[:60]}…"
