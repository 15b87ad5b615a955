"""All kinds of stages, and running one stage's work."""

from importlib import import_module

from l2s.config import Config
from l2s.core.errors import ConfigError
from l2s.core.params import nearest
from l2s.core.progress import Track
from l2s.references import STAGES as KINDS
from tasks.running.costs import costed
from tasks.stage import Say, Stage

STAGES: dict[str, Stage] = {kind: import_module(f"tasks.{kind}").STAGE for kind in KINDS}


def run_stage(kind: str, name: str | None, track: Track, say: Say) -> None:
    """Run one stage in the current folder's project; it leaves its record and what it took.

    Raises:
        ConfigError: no such stage, or none of that name; or code.lock tells of other code or files of the user's.
    """
    if kind not in STAGES:
        raise ConfigError(f"stage '{kind}' is not known{nearest(kind, STAGES)}")
    config, stage = Config.read(), STAGES[kind]
    if stage.names is not None and name not in stage.names(config):
        raise ConfigError(f"stage {kind}: no '{name}' in params.yaml{nearest(name or '', stage.names(config))}")
    from tasks.running.code import check_code
    from tasks.running.given import check_given
    from tasks.running.recording import recorded

    title = f"{kind}@{name}" if name else kind
    code = check_code(kind, name, config)
    with costed(title) as cost, recorded(stage, name, config, code, lambda: check_given(title, config)):
        cost |= stage.work(config, name, track, say) or {}
