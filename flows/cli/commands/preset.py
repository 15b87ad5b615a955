"""``l2s preset``: write a complete params.yaml for a known setting."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import say


def preset(
    name: Annotated[str, typer.Argument(help="tiny, qwen2.5-1.5b, qwen2.5-7b, qwen2.5-14b, qwen2.5-32b or qwen3-8b.")],
    target: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("params.yaml"),
    search: Annotated[
        bool, typer.Option("--search", help="With searches: ranges about the coefficients of its recipes.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a complete params.yaml: the papers' models, methods, coefficients, benchmarks, prompts and limits."""
    from flows.cli.outputs import Place, check_place, writing
    from l2s.core.files import write_text
    from l2s.presets import read_preset
    from l2s.presets.searches import preset_with_searches

    text = preset_with_searches(name) if search else read_preset(name)
    place = Place("l2s preset", target)
    check_place(place, force)
    with writing(place):
        write_text(target, text)
    if target.resolve() == Path("params.yaml").resolve():
        say(f"{target}: preset {name}; l2s run --dry shows what it would do, l2s plan what it costs")
    else:
        say(f"{target}: preset {name}; l2s plan --params {target} shows what it costs; l2s run reads params.yaml alone")
