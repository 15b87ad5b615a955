"""The command line: ``l2s``. Exit codes: 0 done; 1 finished and found something wrong; 2 bad input."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from l2s import __version__
from l2s.errors import L2SError

app = typer.Typer(
    name="l2s",
    help="Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
out = Console(width=None if sys.stdout.isatty() else 110)
err = Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print machine-readable results.")]
Seed = Annotated[int, typer.Option(help="Every random draw derives from it; recorded.")]
PIPELINE, BLOCKS = "The pipeline", "Single steps, on your own files"


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Long-to-short reasoning: merge a quick and a slow model, and measure what the merge is worth."""
    context.obj = {"debug": debug}
    if version:
        out.print(f"l2s {__version__}", highlight=False)
        raise typer.Exit


def entry() -> None:
    """Run the command line; what a user can mend is one sentence and exit code 2."""
    try:
        app()
    except L2SError as error:
        if "--debug" in sys.argv:
            raise
        err.print(f"error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        err.print("stopped; the next run continues from here", highlight=False)
        raise SystemExit(130) from None


@app.command(rich_help_panel=PIPELINE)
def run(
    targets: Annotated[list[str] | None, typer.Argument(help="Stages, e.g. merge@average; all if none.")] = None,
    runner: Annotated[str, typer.Option(help="How stages run: threads.")] = "threads",
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    dry: Annotated[bool, typer.Option("--dry", help="List what would run and why; run nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the pipeline up to date and show the table."""
    from flows.pipeline import StageFailed, plan, run_pipeline
    from flows.stage import check_recipes
    from l2s.config import Config

    config = Config.read()
    if dry:
        stale = plan(targets or [])[2]
        if stale:
            check_recipes(config)
        _print_plan(stale, as_json)
        return
    try:
        if not run_pipeline(targets or [], runner, jobs, err, before=lambda: check_recipes(config)):
            err.print("everything is up to date", highlight=False)
    except StageFailed as failure:
        _say_failure(failure)
    if not targets or "report" in targets or "analyse" in targets:
        _print_summary(config.report.title, as_json)


@app.command(rich_help_panel=PIPELINE)
def why(stage: Annotated[str, typer.Argument(help="A stage, e.g. merge@average.")], as_json: Json = False) -> None:
    """Which parameter, file or code change makes a stage out of date: old → new."""
    from flows.pipeline import plan

    graph, _, stale = plan([stage])
    _print_plan(
        {name: reasons for name, reasons in stale.items() if name == stage or stage not in graph.stages}, as_json
    )


@app.command(rich_help_panel=PIPELINE)
def ui(
    port: Annotated[int, typer.Option(help="Of the server, on this machine.")] = 4200,
    jobs: Annotated[int, typer.Option(min=1, help="Most stages at a time; default: one a core.")] = os.cpu_count() or 1,
    stay: Annotated[bool, typer.Option(help="Keep the server up after the run.")] = True,
) -> None:
    """Start the Prefect UI and run the pipeline against it."""
    from flows.pipeline import StageFailed
    from flows.ui import show

    try:
        show(port, jobs, err, stay)
    except StageFailed as failure:
        _say_failure(failure)


@app.command(rich_help_panel=PIPELINE)
def report() -> None:
    """Build the report page from the summary, offline."""
    from flows.page import build_report
    from l2s.config import Config

    out.print(str(build_report(Config.read(), Path("data"))), highlight=False, soft_wrap=True)


@app.command(hidden=True)
def stage(kind: str, name: Annotated[str | None, typer.Argument()] = None) -> None:
    """Run one stage's work; what dvc.yaml calls."""
    from flows import watch
    from flows.orphans import end_with_ancestors
    from flows.stage import run_stage
    from l2s.progress import Track, bar
    from tasks.observed import observed

    end_with_ancestors()
    title = f"{kind}@{name}" if name else kind
    track: Track = bar
    if watch.is_watched():
        watch.redirect_output(title)
        track = watch.WrittenProgress(title)

    def say(sentence: str) -> None:
        out.print(f"{title}: {sentence}", highlight=False, markup=False, soft_wrap=True)

    if watch.is_watched():
        run_stage(kind, name, track, say)
    else:
        observed(title, lambda track, say: run_stage(kind, name, track, say), track, say)


@app.command(rich_help_panel=BLOCKS)
def check(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")], as_json: Json = False
) -> None:
    """Look for everything that would make a merge fail or go wrong, before a byte is written."""
    from l2s.config import read_yaml
    from l2s.merging.merge import check_merge
    from l2s.merging.recipe import MergeRecipe

    findings = check_merge(MergeRecipe.parse(read_yaml(recipe), f"{recipe}: recipe"), {})
    fatal = any(finding.fatal for finding in findings)
    if as_json:
        out.print_json(json.dumps([{"fatal": f.fatal, "finding": f.sentence} for f in findings]))
    else:
        for finding in findings:
            out.print(
                f"{'fatal' if finding.fatal else 'note'}: {finding.sentence}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
        if not findings:
            out.print("no problems found", highlight=False)
    if fatal:
        raise typer.Exit(2)


@app.command(rich_help_panel=BLOCKS)
def merge(
    recipe: Annotated[Path, typer.Argument(help="A recipe in mergekit's dialect.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the merged model.")],
    seed: Seed = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="Tensors at a time; changes no byte.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT, and merge against warnings.")] = False,
) -> None:
    """Merge models by a recipe; OUT appears whole or not at all."""
    from l2s.config import read_yaml
    from l2s.merging.merge import merge_checkpoints
    from l2s.merging.recipe import MergeRecipe
    from l2s.progress import bar

    parsed = MergeRecipe.parse(read_yaml(recipe), f"{recipe}: recipe")
    merge_checkpoints(parsed, {}, target, seed=seed, threads=threads, force=force, track=bar)
    out.print(f"{target}: merged, see {target / 'l2s_manifest.json'}", highlight=False, soft_wrap=True)


@app.command(rich_help_panel=BLOCKS)
def generate(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    problems: Annotated[Path, typer.Argument(help="JSONL: benchmark, id, problem, gold.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.jsonl")],
    engine: Annotated[str, typer.Option(help="auto or transformers.")] = "auto",
    control: Annotated[Path | None, typer.Option(help="YAML file with a length control.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Responses per problem.")] = 1,
    temperature: Annotated[float, typer.Option(min=0, help="0: greedy.")] = 0.0,
    top_p: Annotated[float, typer.Option(min=0, max=1)] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="0: all tokens.")] = 0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most generated tokens a response.")] = 2048,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seed: Seed = 0,
) -> None:
    """Answer problems with a model; only what the response store lacks is generated."""
    from l2s.checkpoints import Checkpoint
    from l2s.config import read_yaml
    from l2s.generation.generate import generate_responses
    from l2s.generation.settings import ControlParams, DecodingParams
    from l2s.progress import bar

    found = read_yaml(control) if control else {}
    name = f"{model.name}-{control.stem}" if control else model.name
    sampling = {
        "temperature": temperature, "top_p": top_p, "top_k": top_k, "max_tokens": max_tokens,
        "samples": samples, "seed": seed,
    }  # fmt: skip
    decoding = DecodingParams.parse({"engine": engine, "device": device, "sampling": sampling}, "options")
    counts = generate_responses(
        model,
        Checkpoint(model).digest,
        [problems],
        target,
        run=name,
        decoding=decoding,
        control=ControlParams.parse(found, str(control)),
        store=Path(".l2s/responses.sqlite"),
        track=bar,
    )
    out.print(
        f"{target}: {counts.generated} responses generated, {counts.stored} from the store",
        highlight=False,
        soft_wrap=True,
    )


@app.command(rich_help_panel=BLOCKS)
def verify(
    responses: Annotated[Path, typer.Argument(help="JSONL rows with at least gold and response.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.jsonl")],
    grader: Annotated[str, typer.Option(help="l2s or math-verify.")] = "l2s",
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
) -> None:
    """Grade responses: extract each answer and compare it with gold."""
    from l2s.progress import bar
    from l2s.verification.verify import verify_file

    rows = verify_file(responses, target, grader=grader, jobs=jobs, track=bar)
    out.print(
        f"{target}: {sum(row['correct'] for row in rows)} of {len(rows)} correct", highlight=False, soft_wrap=True
    )


@app.command(rich_help_panel=BLOCKS)
def grade(
    pairs: Annotated[Path | None, typer.Argument(help="JSONL rows with gold and answer.")] = None,
    target: Annotated[Path | None, typer.Argument(metavar="OUT.jsonl")] = None,
    gold: Annotated[str | None, typer.Option(help="The right answer.")] = None,
    answer: Annotated[str | None, typer.Option(help="The answer to grade.")] = None,
    grader: Annotated[str, typer.Option(help="l2s or math-verify.")] = "l2s",
) -> None:
    """Grade one pair (--gold, --answer), or a file of pairs."""
    from l2s.errors import ConfigError
    from l2s.records import read_rows, write_rows
    from l2s.verification.verify import grade as grade_pair
    from l2s.verification.verify import grade_pairs

    if gold is not None and answer is not None and pairs is None:
        out.print(grade_pair(gold=gold, answer=answer, grader=grader).status, highlight=False)
    elif pairs is not None and target is not None and gold is None and answer is None:
        write_rows(target, grade_pairs(read_rows(pairs), grader, where=str(pairs)))
    else:
        raise ConfigError("l2s grade takes either --gold G --answer A, or PAIRS.jsonl OUT.jsonl")


@app.command(rich_help_panel=BLOCKS)
def analyse(
    verdicts: Annotated[list[Path], typer.Argument(help="Verdict files.")],
    target: Annotated[Path, typer.Option("--out", help="Folder for the summary.")],
    baseline: Annotated[str | None, typer.Option(help="The run others are compared with: the slow model.")] = None,
    as_json: Json = False,
) -> None:
    """Summarise verdict files: accuracy, length and paired comparisons, with intervals."""
    from l2s.analysis.analyse import analyse as analyse_verdicts
    from l2s.analysis.settings import AnalysisParams
    from l2s.analysis.summary import write_summary
    from l2s.records import Verdicts, read_rows, table_of

    rows = [row for path in verdicts for row in read_rows(path)]
    settings = AnalysisParams.parse({"slow": baseline} if baseline else {}, "options")
    write_summary(analyse_verdicts(table_of(rows, Verdicts, ", ".join(map(str, verdicts))), settings), target)
    _print_table(target / "summary.json", as_json)


def _say_failure(failure: Exception) -> NoReturn:
    err.print(str(failure), style="red", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(2) from None


def _print_plan(stale: dict[str, list], as_json: bool) -> None:  # type: ignore[type-arg]
    if as_json:
        out.print_json(json.dumps({name: [str(reason) for reason in reasons] for name, reasons in stale.items()}))
        return
    if not stale:
        out.print("everything is up to date", highlight=False)
    for name, reasons in stale.items():
        out.print(name, style="bold", highlight=False)
        for reason in reasons:
            out.print(f"    {reason}", highlight=False, markup=False, soft_wrap=True)


def _print_summary(title: str, as_json: bool) -> None:
    _print_table(Path("data/summary/summary.json"), as_json, title)
    if not as_json:
        out.print("report   data/report/index.html", highlight=False)
        out.print("summary  data/summary/summary.json", highlight=False)


def _print_table(summary: Path, as_json: bool, title: str | None = None) -> None:
    from l2s.analysis.summary import read_summary
    from l2s.report.tables import summary_table

    if as_json:
        out.print_json(summary.read_text(encoding="utf-8"))
        return
    content = read_summary(summary)
    for benchmark in content["benchmarks"]:
        out.print(summary_table(content, benchmark, f"{title}: {benchmark}" if title else None, out.width))
