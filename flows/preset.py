"""``l2s preset``: write a complete params.yaml for a known setting."""

from pathlib import Path
from typing import Annotated

import typer

from flows.console import say


def preset(
    name: Annotated[str, typer.Argument(help="tiny, qwen2.5-1.5b, qwen2.5-7b, qwen2.5-14b, qwen2.5-32b or qwen3-8b.")],
    target: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("params.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a complete params.yaml: the papers' models, methods, coefficients, benchmarks, prompts and limits."""
    from l2s.errors import ConfigError
    from l2s.files import write_text
    from l2s.presets import read_preset

    text = read_preset(name)
    if target.is_dir():
        raise ConfigError(f"{target}: is a folder; expected a file to write, e.g. --out {target / 'params.yaml'}")
    if target.exists() and not force:
        raise ConfigError(f"{target}: is there already; name another with --out, or replace it with --force")
    write_text(target, text)
    if target.resolve() == Path("params.yaml").resolve():
        say(f"{target}: preset {name}; l2s run --dry shows what it would do, l2s plan what it costs")
    else:
        say(f"{target}: preset {name}; l2s plan --params {target} shows what it costs; l2s run reads params.yaml alone")
