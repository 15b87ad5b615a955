"""``l2s store``: what the response store holds, whether it is sound, and clearing it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.cli.console import Json, out, say
from l2s.core.digests import BLAKE3, SHA256, without_name
from l2s.core.files import STORE

app = typer.Typer(name="store", help="The response store: what it holds, whether it is sound, and clearing it.",
                  no_args_is_help=True)  # fmt: skip
Place = Annotated[Path, typer.Option("--store", help="The store's file.")]


@app.command()
def info(store: Place = STORE, as_json: Json = False) -> None:
    """Count responses and tokens by model and engine."""
    from l2s.generation.store.care import info as look

    found = look(store)
    if as_json:
        groups = [group._asdict() for group in found.groups]
        out.print_json(json.dumps({**found._asdict(), "groups": groups, "responses": found.responses}))
        return
    table = Table(title=f"{store}: {found.responses:,} responses, {found.bytes / 1e6:.1f} MB", title_justify="left")
    for name in ("model", "weights", "engine"):
        table.add_column(name)
    for name in ("responses", "tokens", "made", "last used"):
        table.add_column(name, justify="right")
    for g in found.groups:
        weights = without_name(g.weights)[:12]
        table.add_row(
            g.model, weights, g.engine, f"{g.responses:,}", f"{g.tokens or 0:,}", _date(g.made), _date(g.used)
        )
    out.print(table)


@app.command()
def verify(
    store: Place = STORE,
    mend: Annotated[bool, typer.Option("--mend", help="Drop what is damaged; it is generated again.")] = False,
    as_json: Json = False,
) -> None:
    """Recompute the digest of every stored response; exit code 1 if any is damaged."""
    from l2s.generation.store.care import verify as check

    found = check(store, mend)
    if as_json:
        out.print_json(json.dumps(found._asdict()))
    else:
        for key in found.damaged:
            say(f"{store}: response {key} is damaged{'; dropped' if mend else ''}")
        for sentence in found.file:
            say(f"{store}: {sentence}{'; what is sound was put into a new file' if mend else ''}")
        old = f", {found.unsigned:,} of them without a digest, of an older version: not used" if found.unsigned else ""
        say(f"{found.responses:,} responses checked{old}; {len(found.damaged):,} damaged")
    if (found.file or found.damaged) and not mend:
        raise typer.Exit(1)


@app.command()
def prune(
    store: Place = STORE,
    unused: Annotated[float | None, typer.Option(min=0, metavar="DAYS", help="Not used for so many days.")] = None,
    weights: Annotated[str | None, typer.Option(help="Of the model whose digest is, or begins with, this.")] = None,
    model: Annotated[Path | None, typer.Option(help="Of the model in this folder, as it is now.")] = None,
    engine: Annotated[str | None, typer.Option(help="Of engines whose name begins so, e.g. 'vllm 0.32'.")] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Of which no origin is recorded.")] = False,
    dry: Annotated[bool, typer.Option("--dry", help="Count only.")] = False,
) -> None:
    """Drop the responses for which all given conditions hold."""
    from l2s.checkpoints import Checkpoint
    from l2s.generation.store.care import prune as drop

    digests: tuple[str, ...] = (weights,) if weights else ()
    if model:
        digests = tuple(Checkpoint(model).digest_by(algorithm) for algorithm in (BLAKE3, SHA256))
    count = drop(store, unused_days=unused, weights=digests, engine=engine, unknown=unknown, dry=dry)
    say(f"{store}: {count:,} responses {'would be dropped' if dry else 'dropped'}")


def _date(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
