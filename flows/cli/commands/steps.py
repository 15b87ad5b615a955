"""Single steps on the user's own files: merge, calibrate, generate, sample, train, grade and what goes with them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import console
from flows.cli.commands.search import search
from flows.cli.console import Json, Seed, print_table, say, warn
from l2s.core.errors import ConfigError

if TYPE_CHECKING:
    from l2s.analysis.inputs.reading import KeepAside
    from l2s.records import Broken

Force = Annotated[bool, typer.Option("--force", help="Replace OUT, and merge against warnings.")]
Replace = Annotated[bool, typer.Option("--force", help="Replace OUT if it is not of this command's making.")]
Memory = Annotated[str | None, typer.Option("--max-memory", metavar="SIZE", help="Most memory to take, e.g. 4GB.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Tensors at a time; changes no byte. Default: one a core.")]
Model = Annotated[Path, typer.Argument(help="Model folder.")]
Problems = Annotated[Path, typer.Argument(help="JSONL: id, problem, gold; benchmark, or else the file's name.")]
Rows = Annotated[Path, typer.Argument(metavar="OUT.jsonl")]
Engine = Annotated[str, typer.Option(help="auto, transformers or vllm.")]
PromptFile = Annotated[str, typer.Option("--prompt", help="chat, plain, qwen25-math-cot, cot, or a YAML file.")]
Date = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="What a chat template takes for today.")]
TemplateKwarg = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Of the chat template, e.g. enable_thinking=false. Repeatable."),
]
Samples = Annotated[int, typer.Option(min=1, help="Responses per problem.")]
Temperature = Annotated[float, typer.Option(min=0, help="0: greedy.")]
TopP = Annotated[float, typer.Option(min=0, max=1)]
TopK = Annotated[int, typer.Option(min=0, help="0: all tokens.")]
MostTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="Most generated tokens a response.")]
Grader = Annotated[str, typer.Option(help="l2s, math-verify, qwen (the study's rules), or all side by side.")]


def _device(name: str) -> str:
    """Whether a device is there is found out before anything else is done."""
    if name != "cpu":
        from l2s.requirements import device_problem

        if wrong := device_problem(name):
            raise ConfigError(f"--device: {wrong}")
    return name


Device = Annotated[str, typer.Option(help="Where the arithmetic is done: cpu or cuda.", callback=_device)]


def check(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")],
    quick: Annotated[bool, typer.Option("--quick", help="Do not look through all weights for NaN.")] = False,
    as_json: Json = False,
) -> None:
    """Look for everything that would make a merge fail or go wrong, before a byte is written."""
    from l2s import api
    from l2s.core.progress import bar
    from l2s.core.yaml import read_yaml
    from l2s.merging.recipe import MergeRecipe

    parsed = MergeRecipe.parse(read_yaml(recipe), f"{recipe}: recipe")
    plan = api.plan(parsed, quick=quick, track=bar)
    if as_json:
        console.out.print_json(json.dumps([{"fatal": f.fatal, "finding": f.sentence} for f in plan.findings]))
    else:
        for finding in plan.findings:
            say(f"{'fatal' if finding.fatal else 'note'}: {finding.sentence}")
        if not plan.findings:
            say("no problems found")
        if plan.layout is not None and not plan.refused:
            say(f"takes about {plan.memory() / 1e9:.1f} GB of memory and {plan.layout.size / 1e9:.3g} GB on disk")
    if plan.refused:
        raise typer.Exit(2)


def merge(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the merged model.")],
    seed: Seed = 0,
    threads: Threads = None,
    max_memory: Memory = None,
    device: Device = "cpu",
    force: Force = False,
) -> None:
    """Merge models by a recipe; OUT appears whole or not at all, and a killed merge goes on where it was."""
    from l2s import api
    from l2s.core.progress import bar

    manifest = api.merge(
        recipe, target, seed=seed, threads=threads, max_memory=max_memory, device=device, force=force,
        track=bar,
    )  # fmt: skip
    for note in manifest.notes:
        say(f"note: {note}")
    say(f"config, tokenizer and chat template of {manifest.donor.model}: {manifest.donor.reason}")
    say(f"{target}: merged, see {target / 'l2s_manifest.json'}")


def calibrate(
    model: Model,
    texts: Annotated[Path, typer.Argument(metavar="TEXTS.jsonl", help="Rows with prompt, short and long.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.safetensors")],
    kind: Annotated[str, typer.Option(help="activations (for aim) or sensitivities (for sens).")] = "activations",
    answer: Annotated[str, typer.Option(help="Which answer follows the prompt: short, long or none.")] = "short",
    samples: Annotated[int, typer.Option(min=1, help="Texts taken, in an order drawn from the seed.")] = 100,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a text.")] = 512,
    distance_to: Annotated[
        list[Path] | None, typer.Option(help="sensitivities: another model to measure the logits' distance to.")
    ] = None,
    layers_at_a_time: Annotated[
        bool, typer.Option("--layers-at-a-time", help="Hold one layer in memory, not the model.")
    ] = False,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Measure activations or sensitivities of a model, for methods that use them; resumes after a kill."""
    from l2s import api
    from l2s.checkpoints.open import open_checkpoint
    from l2s.checkpoints.statistics import coverage
    from l2s.core.progress import bar

    found = api.calibrate(
        model, texts, target, kind=kind, answer=answer, samples=samples, max_tokens=max_tokens,
        distance_to=distance_to or [], layers_at_a_time=layers_at_a_time, device=device, seed=seed, track=bar,
    )  # fmt: skip
    say(f"{target}: {kind}; {coverage(found, open_checkpoint(str(model)).names())}")


def texts(
    quick: Annotated[Path, typer.Argument(metavar="QUICK.jsonl", help="Responses that become the short answers.")],
    slow: Annotated[Path, typer.Argument(metavar="SLOW.jsonl", help="Responses that become the long answers.")],
    target: Rows,
    samples: Annotated[int | None, typer.Option(min=1, help="Most texts, drawn by the seed; default: all.")] = None,
    right: Annotated[bool, typer.Option("--right", help="Right answers alone; the files are verdicts.")] = False,
    form: Annotated[
        str, typer.Option(help="calibration; or for a training elsewhere sft (completion) or dpo (chosen, rejected).")
    ] = "calibration",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Make texts for calibration or training of the problems that two response files both answer."""
    from l2s.calibration.pairs import FORMS, in_form, pair_responses
    from l2s.records import write_rows

    in_form([], form)
    pairs = pair_responses(quick, slow, count=samples, seed=seed, right=right)
    write_rows(target, in_form(pairs.rows, form))
    left = f"; {pairs.alone} problems left out, answered whole in one file alone" if pairs.alone else ""
    answers = " and ".join(FORMS[form].values())
    say(f"{target}: {len(pairs.rows)} texts of prompt, {answers}{left}")


def generate(
    model: Model,
    problems: Problems,
    target: Rows,
    run: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the run; default: MODEL or MODEL-CONTROL.")
    ] = None,
    engine: Engine = "auto",
    control: Annotated[Path | None, typer.Option(help="YAML file with a length control.")] = None,
    prompt: PromptFile = "chat",
    date: Date = None,
    template_kwarg: TemplateKwarg = None,
    level: Annotated[
        str | None, typer.Option(help="short, medium or long: of a model that was trained to be asked for it.")
    ] = None,
    samples: Samples = 1,
    temperature: Temperature = 0.0,
    top_p: TopP = 1.0,
    top_k: TopK = 0,
    max_tokens: MostTokens = 2048,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
) -> None:
    """Answer problems with a model; only what the response store lacks is generated."""
    from l2s import api
    from l2s.core.progress import bar

    counts = api.generate(
        model, problems, target, run=run, engine=engine, control=control, prompt=prompt, date=date,
        template_kwargs=variables(template_kwarg), level=level, samples=samples, temperature=temperature, top_p=top_p,
        top_k=top_k, max_tokens=max_tokens, device=device, seed=seed, track=bar, say=warn,
    )  # fmt: skip
    console.out.print(
        f"{target}: {counts.generated} responses generated, {counts.stored} from the store",
        highlight=False,
        soft_wrap=True,
    )


def sample(
    model: Model,
    problems: Problems,
    target: Rows,
    run: Annotated[str | None, typer.Option(metavar="NAME", help="Of the run; default: MODEL.")] = None,
    engine: Engine = "auto",
    prompt: PromptFile = "chat",
    date: Date = None,
    template_kwarg: TemplateKwarg = None,
    samples: Samples = 8,
    temperature: Temperature = 1.0,
    top_p: TopP = 1.0,
    top_k: TopK = 0,
    max_tokens: MostTokens = 2048,
    grader: Annotated[str, typer.Option(help="l2s, math-verify or qwen (the study's rules).")] = "l2s",
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes of the grader.")] = 1,
    device: Device = "cpu",
    seed: Seed = 0,
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Answer each problem several times and grade the responses, for trainings; the store keeps what is generated."""
    from l2s import api
    from l2s.core.progress import bar

    found = api.sample(
        model, problems, target, run=run, engine=engine, prompt=prompt, date=date,
        template_kwargs=variables(template_kwarg), samples=samples, temperature=temperature, top_p=top_p, top_k=top_k,
        max_tokens=max_tokens, grader=grader, jobs=jobs, device=device, seed=seed, track=bar, say=warn,
    )  # fmt: skip
    counts = {"rows": len(found.rows), "correct": found.correct, "generated": found.generated, "stored": found.stored}
    if as_json:
        console.out.print_json(json.dumps(counts))
    else:
        say(f"{target}: {found.correct} of {len(found.rows)} correct; {found.generated} responses generated, "
            f"{found.stored} from the store")  # fmt: skip


def train(
    training: Annotated[
        Path, typer.Argument(metavar="TRAINING.yaml", help="A training; its paths are relative to it.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the trained model.")],
    benchmark: Annotated[
        list[Path] | None, typer.Option(help="JSONL of problems that must not be learned from. Repeatable.")
    ] = None,
    prompt: PromptFile = "chat",
    engine: Engine = "auto",
    device: Device = "cpu",
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Train a model; OUT appears whole or not at all, and a killed training goes on where it was."""
    from l2s import api
    from l2s.core.progress import bar

    manifest = api.train(
        training, target, benchmarks=benchmark or [], prompt=prompt, engine=engine, device=device, track=bar
    )
    if as_json:
        console.out.print_json(json.dumps(manifest))
        return
    tokens, seconds = manifest["tokens"], manifest.get("cpu_seconds")
    took = f", {seconds:.0f} CPU seconds on {manifest['hardware']}" if seconds is not None else ""
    say(f"{manifest['method']} from {manifest['start']['model']}: {manifest['steps']} steps, {tokens['generated']:,} "
        f"tokens generated, {tokens['trained']:,} trained on{took}")  # fmt: skip
    if "validation" in manifest:
        say(f"chosen on validation: step {manifest['validation']['chosen']}")
    say(f"{target}: trained, see {target / 'l2s_manifest.json'}")


def variables(given: list[str] | None) -> dict[str, Any]:
    """What the command line says of a chat template, each value read as YAML."""
    from l2s.core.yaml import parse_yaml

    found = dict[str, Any]()
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--template-kwarg: found {text!r}, expected KEY=VALUE, e.g. enable_thinking=false")
        found[name] = parse_yaml(value.encode(), f"--template-kwarg {name}")
    return found


def verify(
    responses: Annotated[Path, typer.Argument(help="JSONL rows with at least gold and response.")],
    target: Rows,
    grader: Grader = "l2s",
    form: Annotated[
        str, typer.Option("--format", help="Of RESPONSES: l2s, qwen (Qwen2.5-Math's) or lm-eval (--log_samples).")
    ] = "l2s",
    out_form: Annotated[str, typer.Option("--out-format", help="Of OUT: l2s or lm-eval.")] = "l2s",
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Grade responses: extract each answer and compare it with gold; broken lines are kept beside OUT."""
    from l2s.core.progress import bar
    from l2s.verification.io.graded_files import verify_file

    agreements: list[dict[str, Any]] = []
    dropped: list[str] = []
    rows = verify_file(
        responses,
        target,
        grader,
        jobs,
        bar,
        format=form,
        out_format=out_form,
        say=dropped.append,
        report=agreements.extend,
    )
    _show_grades(target, rows, agreements, as_json)
    _tell_dropped(dropped)


def grade(
    pairs: Annotated[Path | None, typer.Argument(help="JSONL rows with gold and answer.")] = None,
    target: Annotated[Path | None, typer.Argument(metavar="OUT.jsonl")] = None,
    gold: Annotated[str | None, typer.Option(help="The right answer.")] = None,
    answer: Annotated[str | None, typer.Option(help="The answer to grade.")] = None,
    grader: Grader = "l2s",
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Grade one pair (--gold, --answer), or a file of pairs; broken lines are kept beside OUT."""
    from l2s.verification.io.graded_files import grade_file

    if gold is not None and answer is not None and pairs is None and target is None:
        _show_pair(gold, answer, grader, as_json)
    elif pairs is not None and target is not None and gold is None and answer is None:
        agreements: list[dict[str, Any]] = []
        dropped: list[str] = []
        rows = grade_file(pairs, target, grader, say=dropped.append, report=agreements.extend)
        _show_grades(target, rows, agreements, as_json)
        _tell_dropped(dropped)
    else:
        raise ConfigError("l2s grade takes either --gold G --answer A, or PAIRS.jsonl OUT.jsonl")


def _tell_dropped(sentences: list[str]) -> None:
    """Say what was left out; the command has done its work, and found something wrong."""
    for sentence in sentences:
        warn(sentence)
    if sentences:
        raise typer.Exit(1)


def _show_pair(gold: str, answer: str, grader: str, as_json: bool) -> None:
    """One verdict, or one a line where all graders are asked."""
    from l2s.verification import grader_names
    from l2s.verification.io.graded_files import ALL
    from l2s.verification.verify import grade as grade_pair

    names = grader_names() if grader == ALL else [grader]
    statuses = {name: grade_pair(gold=gold, answer=answer, grader=name).status for name in names}
    if as_json:
        console.out.print_json(json.dumps(statuses))
    else:
        for name, status in statuses.items():
            say(f"{name}: {status}" if grader == ALL else status)


def _show_grades(target: Path, rows: list[dict[str, Any]], agreements: list[dict[str, Any]], as_json: bool) -> None:
    """How many are correct, and how far the graders agree where all were asked."""
    from l2s.verification.io.graded_files import beside

    correct = sum(row["correct"] for row in rows)
    if as_json:
        console.out.print_json(json.dumps({"rows": len(rows), "correct": correct, "agreement": agreements}))
        return
    say(f"{target}: {correct} of {len(rows)} correct")
    if agreements:
        from rich.table import Table

        table = Table("", "agree", "rows", "only the first", "only the second", title="Agreement", title_justify="left")
        for found in agreements:
            counts = [str(found[key]) for key in ("agree", "rows", "only_one", "only_other")]
            table.add_row(f"{found['one']}, {found['other']}", *counts)
        console.out.print(table)
        say(f"{beside(target, 'disagreements')}: the rows on which they do not agree")


def analyse(
    verdicts: Annotated[list[Path], typer.Argument(help="Verdict files, also of other tools' outputs.")],
    target: Annotated[Path, typer.Option("--out", help="Folder for the summary and its tables.")],
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="The slow run that others are compared with; RUN=SLOW for one run's own. Repeatable."),
    ] = None,
    about: Annotated[
        Path | None, typer.Option(help="YAML: run to method, coefficients, control, parameters, ... as far as known.")
    ] = None,
    margin: Annotated[float, typer.Option(help="Parity: accuracy at most this much lower (a share).")] = 0.02,
    shared: Annotated[
        bool, typer.Option("--shared", help="Compare runs on the problems both answered; else others are refused.")
    ] = False,
    style: Annotated[str, typer.Option("--format", help="Of the printed table: table, markdown or latex.")] = "table",
    show: Annotated[
        list[str] | None, typer.Option(help="Print this table instead, e.g. takeaways, levels. Repeatable.")
    ] = None,
    force: Replace = False,
    as_json: Json = False,
) -> None:
    """Summarise verdict files: accuracy, length and paired comparisons, with intervals."""
    from l2s.analysis.analyse import analyse as analyse_verdicts
    from l2s.analysis.inputs.about import read_about, settings_of
    from l2s.analysis.inputs.reading import read_verdicts
    from l2s.analysis.output.columns import TABLES
    from l2s.analysis.output.summary import write_summary
    from l2s.core.params import nearest
    from l2s.core.progress import bar
    from l2s.core.yaml import read_yaml

    files = {"markdown": "table.md", "latex": "table.tex"}
    for word, known in ((style, ("table", *files)), *((name, tuple(TABLES)) for name in show or [])):
        if word not in known:
            raise ConfigError(f"l2s analyse: '{word}' is not known{nearest(word, known)}")
    settings = settings_of(baseline or [], margin, shared)
    facts = read_about(read_yaml(about), str(about)) if about else {}
    dropped: list[str] = []
    report = analyse_verdicts(read_verdicts(verdicts, settings, bar, _kept_aside(target, dropped)), settings, facts)
    write_summary(report, target)
    if style in files and not as_json:
        say((target / files[style]).read_text(encoding="utf-8"))
    else:
        print_table(target / "summary.json", as_json, show=show or ())
    _tell_dropped(dropped)


def _kept_aside(folder: Path, dropped: list[str]) -> "KeepAside":
    """Broken lines of a verdict file are kept in the summary's folder, and said in ``dropped``."""
    from l2s.records import broken_sentence, plain_name, write_broken

    def keep(path: Path, broken: "list[Broken]") -> None:
        aside = folder / f"{plain_name(path)}.broken.jsonl"
        write_broken(aside, broken)
        if broken:
            dropped.append(broken_sentence(path, broken, aside))

    return keep


COMMANDS = (check, merge, texts, calibrate, generate, sample, train, search, verify, grade, analyse)
