"""Is everything there that a run needs? Asked before the first stage, answered all at once."""

from collections.abc import Callable, Collection
from pathlib import Path

from l2s.config import Config
from l2s.errors import ConfigError
from l2s.files import write_text
from l2s.references import DEFAULTS, stage_names
from l2s.requirements import broken_recipes, missing
from l2s.yaml import parse_yaml, read_yaml

PARAMS = Path("params.yaml")


def read_config() -> Config:
    """params.yaml, checked.

    Raises:
        ConfigError: everything that is wrong, with its recipes and with what it needs besides.
    """
    try:
        return Config.read(PARAMS)
    except ConfigError as error:
        found = read_yaml(PARAMS)  # fails as before if it is no YAML
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
    found = read_yaml(PARAMS)
    problems = [*broken_recipes(found), *missing(found, stages, elsewhere=elsewhere)]
    if problems:
        raise ConfigError("; ".join(f"{PARAMS}: {problem}" for problem in problems))


def fill_in(say: Callable[[str], None]) -> None:
    """Write the blocks that params.yaml leaves out at its end, since DVC records what a stage depends on from there.

    Raises:
        ConfigError: something else is wrong, and nothing was written; or nothing can be added behind what is there.
    """
    found = read_yaml(PARAMS)
    lines = {key: f"{key}: {default}" for key, default in DEFAULTS.items() if key not in found}
    if not lines:
        return
    check_ready(stage_names(found), elsewhere=True)
    text = PARAMS.read_text(encoding="utf-8").rstrip() + "\n\n# Left out above; these are the defaults.\n"
    text += "".join(f"{line}\n" for line in lines.values())
    try:
        whole = parse_yaml(text.encode(), str(PARAMS)) == found | parse_yaml("\n".join(lines.values()).encode(), "")
    except ConfigError:
        whole = False
    if not whole:
        raise ConfigError(
            f"{PARAMS}: {', '.join(lines)}: missing; add {'; '.join(f'`{line}`' for line in lines.values())}"
        )
    write_text(PARAMS, text)
    say(f"{PARAMS}: added {', '.join(lines.values())}, which DVC looks for there")
