"""``l2s lineage``: the tree behind an artefact."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.console import Json, out, say
from l2s.core.digests import without_name
from l2s.lineage.checks.finding import short

Crate = Annotated[Path | None, typer.Option("--crate", metavar="OUT", help="Write a Workflow Run RO-Crate there.")]
SHOWN = ("method", "seed", "rows", "engine", "grader", "weights", "model")
"""Facts that a tree shows."""


def lineage(
    path: Annotated[Path, typer.Argument(help="An artefact: a file or a model folder, or a folder of them.")],
    as_json: Json = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flowchart.")] = False,
    crate: Crate = None,
) -> None:
    """Show what made an artefact: parameters, inputs, code, versions, seeds and digests, down to the base weights."""
    from l2s.lineage.tree import lineage_of

    found = lineage_of(path)
    if crate is not None:
        from flows.cli.outputs import Place, check_place, writing
        from l2s.lineage.export.crate import write_crate

        place = Place("l2s lineage", crate, [path], folder=crate.suffix != ".zip", judged=True)
        check_place(place)
        with writing(place):
            write_crate(path, crate)
        say(f"{crate}: the lineage of {found['path']} as a Workflow Run RO-Crate")
    elif as_json:
        out.print_json(json.dumps(found, ensure_ascii=False))
    elif mermaid:
        from l2s.lineage.export.mermaid import mermaid as chart

        print(chart(found), end="")
    else:
        _print_tree(found)


def _print_tree(found: Mapping[str, Any]) -> None:
    from rich.tree import Tree

    nodes, seen = found["nodes"], set[str]()

    def grow(parent: Tree, path: str) -> None:
        node = nodes[path]
        again = path in seen
        seen.add(path)
        branch = parent.add(_title(node) + (" [dim](above)[/dim]" if again else ""))
        if again:
            return
        for line in _lines(node):
            branch.add(line)
        for entry in node["inputs"]:
            grow(branch, entry["path"])

    root = Tree("", hide_root=True, guide_style="dim")
    grow(root, found["path"])
    out.print(root, highlight=False)


def _title(node: Mapping[str, Any]) -> str:
    from rich.markup import escape

    digest = f" [dim]{without_name(node['digest'])[:12]}[/dim]" if node["digest"] else ""
    return f"[bold]{escape(node['path'])}[/bold]{digest}"


def _lines(node: Mapping[str, Any]) -> Iterator[str]:
    """What is said below an artefact's name."""
    from rich.markup import escape

    if node["made_by"] is None:
        if not node["inputs"]:
            yield "[dim]given: no record says what made it[/dim]"
        return
    yield escape(f"made by {node['made_by']}{_when(node['occasion'])}")
    for key, value in node["parameters"].items():
        yield escape(f"{key}: {short(json.dumps(value, ensure_ascii=False), 160)}")
    if node["seeds"]:
        yield escape("seeds: " + ", ".join(f"{key} {value}" for key, value in node["seeds"].items()))
    facts = {key: node["facts"][key] for key in SHOWN if key in node["facts"]}
    if facts:
        yield escape(", ".join(f"{key} {_plain(value)}" for key, value in facts.items()))
    code = without_name(node["code"])[:12]
    yield escape(f"code {code}; " + ", ".join(f"{name} {version}" for name, version in node["versions"].items()))


def _when(occasion: Mapping[str, Any] | None) -> str:
    if occasion is None:
        return "; when and where is not recorded here"
    commit = f" at commit {occasion['commit'][:12]}" if occasion["commit"] else ""
    files = len(occasion["dirty"])
    dirty = f" with {files} file{'s' if files > 1 else ''} changed or new" if files else ""
    if files and not occasion["commit"]:
        dirty = " before the first commit"
    run = f", Prefect run {occasion['prefect_run']}" if occasion["prefect_run"] else ""
    where = f"{occasion['machine']['processor']}, {occasion['machine']['cores']} cores"
    return f" on {occasion['started'][:19]}Z in {occasion['seconds']} s ({where}){commit}{dirty}{run}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(str, value))
    return without_name(str(value))[:12] if str(value).startswith(("blake3:", "sha256:")) else str(value)
