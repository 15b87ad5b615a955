"""Is everything there that a run needs? Asked before the first stage, answered all at once."""

from collections.abc import Collection
from pathlib import Path

from l2s.config import Config
from l2s.errors import ConfigError
from l2s.requirements import broken_recipes, missing
from l2s.yaml import read_yaml

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
