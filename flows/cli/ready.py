"""Is everything there that a run needs? Asked before the first stage, answered all at once."""

import re
from collections.abc import Callable, Collection
from typing import Any

from l2s.config import PARAMS, Config, read_params
from l2s.core.errors import ConfigError
from l2s.core.files import write_text
from l2s.core.yaml import parse_yaml
from l2s.references import DEFAULTS, INNER, stage_names
from l2s.references import block as block_of
from l2s.requirements import broken_recipes, missing


def read_config() -> Config:
    """params.yaml, checked.

    Raises:
        ConfigError: everything that is wrong, with its recipes and with what it needs besides.
    """
    try:
        return Config.read(PARAMS)
    except ConfigError as error:
        found = read_params()  # fails as before if it is not there, or no YAML
        more = [*broken_recipes(found), *missing(found, None)]
        raise ConfigError("; ".join([str(error), *(f"{PARAMS}: {problem}" for problem in more)])) from None


def check_ready(stages: Collection[str], *, elsewhere: bool = False) -> None:
    """Look at every recipe, and at all that these stages need, before any runs.

    Args:
        stages: those that will run.
        elsewhere: they run on other machines.

    Raises:
        ConfigError: everything that is wrong or missing, at once.
    """
    found = read_params()
    problems = [*broken_recipes(found), *missing(found, stages, elsewhere=elsewhere)]
    if problems:
        raise ConfigError("; ".join(f"{PARAMS}: {problem}" for problem in problems))


def fill_in(say: Callable[[str], None]) -> None:
    """Write into params.yaml what it leaves out, since DVC records what a stage depends on from there.

    Blocks come at its end; engine, prompt (where there are trainings) and grader come first in their blocks.

    Raises:
        ConfigError: something else is wrong, and nothing was written; or nothing can be added to what is there.
    """
    found = read_params()
    if any("merge_method" not in block_of(found, "recipes", name) for name in block_of(found, "recipes")):
        check_ready(())  # before DVC, which makes stages of them, says it in its own words
    lines = {key: f"{key}: {default}" for key, default in DEFAULTS.items() if key not in found}
    if "decoding" in lines and found.get("training"):
        lines["decoding"] = "decoding: {engine: auto, prompt: {style: chat}}"
    inner = {(block, key): value for (block, key), value in INNER.items() if _lacks(found, block, key)}
    if not lines and not inner:
        return
    check_ready(stage_names(found), elsewhere=True)
    added = [*lines.values(), *(f"{block}: {{{key}: {value}}}" for (block, key), value in inner.items())]
    expected = found | parse_yaml("\n".join(lines.values()).encode() or b"{}", "")
    text = PARAMS.read_text(encoding="utf-8")
    for (block, key), value in inner.items():
        expected[block] = {key: parse_yaml(value.encode(), ""), **expected[block]}
        text = _with_first(text, block, f"{key}: {value}")
    if lines:
        text = text.rstrip() + "\n\n# Left out above; these are the defaults.\n"
        text += "".join(f"{line}\n" for line in lines.values())
    try:
        whole = parse_yaml(text.encode(), str(PARAMS)) == expected
    except ConfigError:
        whole = False
    if not whole:
        names = [*lines, *(f"{block}.{key}" for block, key in inner)]
        raise ConfigError(f"{PARAMS}: {', '.join(names)}: missing; add {'; '.join(f'`{line}`' for line in added)}")
    write_text(PARAMS, text)
    said = [*lines.values(), *(f"{key}: {value} to {block}" for (block, key), value in inner.items())]
    say(f"{PARAMS}: added {', '.join(said)}, which DVC looks for there")


def _lacks(found: dict[str, Any], block: str, key: str) -> bool:
    """Prompts matter to trainings alone, so that they are written only where there are some."""
    there = found.get(block)
    return isinstance(there, dict) and key not in there and (key != "prompt" or bool(found.get("training")))


def _with_first(text: str, block: str, entry: str) -> str:
    """The file with an entry put first into a block, in braces or on lines of its own."""
    text = re.sub(rf"^({block}:[ \t]*{{)[ \t]*(?=}})", rf"\1{entry}", text, count=1, flags=re.MULTILINE)
    text = re.sub(rf"^({block}:[ \t]*{{)(?!{entry})", rf"\1{entry}, ", text, count=1, flags=re.MULTILINE)
    return re.sub(
        rf"^({block}:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*)([ \t]+)(?=\S)",
        rf"\1\2{entry}\n\2",
        text,
        count=1,
        flags=re.MULTILINE,
    )
