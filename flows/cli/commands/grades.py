"""Single steps on answers: verify, grade, analyse."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import console
from flows.cli.commands.options import Grader, Replace, Rows
from flows.cli.console import Json, print_table, say, warn
from l2s.core.errors import ConfigError, RecordError

if TYPE_CHECKING:
    from l2s.analysis.inputs.reading import KeepAside
    from l2s.records import Broken


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

    _refuse_empty(responses)
    graded = partial(verify_file, responses, target, grader, jobs, bar, format=form, out_format=out_form)
    _show_grades(target, graded, as_json)


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
        _refuse_empty(pairs)
        _show_grades(target, partial(grade_file, pairs, target, grader), as_json)
    else:
        raise ConfigError("l2s grade takes either --gold G --answer A, or PAIRS.jsonl OUT.jsonl")


def _refuse_empty(file: Path) -> None:
    """A file without a row is a mistake on a command line: nothing in it is right, and nothing wrong."""
    from l2s.records.lines import numbered_lines

    if file.is_file() and not any(line.strip() for _, line in numbered_lines(file)):
        raise RecordError(f"{file}: holds no rows; expected JSONL, one row a line")


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


def _show_grades(target: Path, graded: Callable[..., list[dict[str, Any]]], as_json: bool) -> None:
    """Grade a file; tell how many are correct, how far graders agree where all were asked, and what was left out."""
    agreements, dropped = list[dict[str, Any]](), list[str]()
    rows = graded(say=dropped.append, report=agreements.extend)
    _print_grades(target, rows, agreements, as_json)
    _tell_dropped(dropped)


def _print_grades(target: Path, rows: list[dict[str, Any]], agreements: list[dict[str, Any]], as_json: bool) -> None:
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
