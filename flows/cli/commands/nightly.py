"""``l2s nightly``: serve the re-evaluation on a schedule, run one night, or move the baseline."""

import os
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import Json, err, out, say, tell
from l2s.core.errors import RecordError
from tasks.stage import DATA, HIDDEN

if TYPE_CHECKING:
    from rich.table import Table

    from l2s.config import Config
    from l2s.nightly.comparison import Compared
    from l2s.nightly.night import Night

Once = Annotated[bool, typer.Option("--once", help="Run one night now and end: 1 if it found a regression.")]
Cron = Annotated[str, typer.Option(help="When to run, if served: minute hour day month weekday, UTC.")]
Accept = Annotated[
    bool, typer.Option("--accept", help="Make the newest night (with --once: this one) what others are compared with.")
]


def nightly(once: Once = False, cron: Cron = "0 2 * * *", accept: Accept = False, as_json: Json = False) -> None:
    """Measure the accepted models again and compare with the accepted night: noise or drift, and what changed."""
    from flows.cli.ready import read_config

    config = read_config()
    if not once and not accept:
        _serve(cron)
        return
    night = _run(config, hooks=not accept) if once else _newest()
    if once:
        _show(night, as_json)
    if accept:
        _accept(night, as_json and not once)
    elif night.outcome == "regression":
        raise typer.Exit(1)


def _run(config: "Config", hooks: bool) -> "Night":
    """One night; seen by Prefect where an API is configured."""
    if os.environ.get("PREFECT_API_URL") and hooks:
        return _run_observed()
    from flows.nightly.night import news_of, page_of, run_night
    from l2s.core.progress import bar
    from tasks.nightly.hook import notify

    night = run_night(config, DATA, HIDDEN, datetime.now(UTC), bar, tell)
    if night.outcome == "regression" and hooks:
        for failure in notify(config.nightly.on_regression, news_of(night, page_of(DATA, night))):
            tell(failure)
    return night


def _run_observed() -> "Night":
    from flows.pipeline.run import prepared_environment
    from l2s.nightly.night import read_night

    with prepared_environment():
        from flows.nightly.flow import run_observed

        name = run_observed()
    return read_night(DATA / "nightly" / name)


def _serve(cron: str) -> None:
    """Serve the deployment until Ctrl-C; with a Prefect server of our own where none is configured."""
    from flows.pipeline.run import prepared_environment
    from flows.pipeline.server import served

    def check() -> None:
        from flows.nightly.flow import check_cron  # not before the server has an address: Prefect reads it once

        check_cron(cron)

    with prepared_environment():
        api = os.environ.get("PREFECT_API_URL")
        with nullcontext(api) if api else served(meanwhile=check) as url:
            check()
            from flows.nightly.flow import serve

            err.print(f"serving l2s-nightly/nightly at '{cron}' (UTC), Prefect at {url}; Ctrl-C ends it", style=None)
            serve(cron)


def _newest() -> "Night":
    """The night that was written last."""
    from l2s.nightly.night import night_names, read_night

    names = night_names(DATA / "nightly")
    if not names:
        raise RecordError(f"{DATA / 'nightly'}: holds no night to accept; run one first: l2s nightly --once")
    return read_night(DATA / "nightly" / names[-1])


def _accept(night: "Night", as_json: bool) -> None:
    from l2s.nightly.night import accept_night

    accepted = accept_night(DATA / "nightly", night.night, datetime.now(UTC))
    if as_json:
        out.print_json(accepted.model_dump_json())
        return
    before = f" (before: {accepted.replaces})" if accepted.replaces else ""
    tell(f"accepted: night {accepted.night}{before}; the next nights are compared with it")


def _show(night: "Night", as_json: bool) -> None:
    from flows.nightly.night import page_of

    page = page_of(DATA, night)
    if as_json:
        out.print_json(night.model_dump_json())
        return
    style = "bold red" if night.outcome == "regression" else "bold"
    out.print(f"night {night.night}: {night.outcome}", style=style, highlight=False)
    say(night.sentence)
    if night.baseline:
        out.print(_table(night))
    if night.changes:
        say("changed since the accepted night:")
        for change in night.changes:
            say(f"    {change}")
    say(f"report   {page}")


def _table(night: "Night") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("run", "benchmark"):
        table.add_column(name)
    for name in ("pairs", "accuracy", "accepted", "Δ points", "p (Holm)", "length ×", "changed", "regraded"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for row in night.compared:
        table.add_row(row.run, row.benchmark, *_cells(row), row.outcome)
    return table


def _cells(row: "Compared") -> list[str]:
    if row.accuracy is None or row.accuracy_before is None:
        return ["0", *["–"] * 7]
    delta = f"{100 * (row.accuracy - row.accuracy_before):+.1f}"
    if row.difference_low is not None and row.difference_high is not None:
        delta += f" [{100 * row.difference_low:+.1f}, {100 * row.difference_high:+.1f}]"
    return [
        str(row.n),
        f"{100 * row.accuracy:.1f}",
        f"{100 * row.accuracy_before:.1f}",
        delta,
        "–" if row.p_holm is None else f"{row.p_holm:.3f}",
        "–" if row.ratio is None else f"{row.ratio:.3f}",
        str(row.rewritten),
        str(row.regraded),
    ]
