"""About: what a user says of runs that no params.yaml describes."""

from collections.abc import Sequence
from typing import Any

from l2s.analysis.inputs.facts import Facts, RunFacts
from l2s.analysis.settings import AnalysisParams
from l2s.core.errors import ConfigError


def read_about(found: Any, where: str) -> Facts:
    """Facts of runs from a parsed YAML file: ``run: {method: ties, parameters: 7600000000, ...}``.

    Raises:
        ConfigError: it is no mapping, or a run's block has an unknown key or a wrong value.
    """
    if not isinstance(found, dict):
        raise ConfigError(f"{where}: expected a mapping from runs to what is known of them, found {found!r:.60}")
    return {str(run): RunFacts.parse(block or {}, f"{where}: {run}") for run, block in found.items()}


def settings_of(baselines: Sequence[str], margin: float, shared: bool) -> AnalysisParams:
    """Settings as the command line states them.

    Args:
        baselines: ``SLOW`` for all runs, ``RUN=SLOW`` for one.
        margin: δ.
        shared: compare on shared problems.

    Raises:
        ConfigError: two slow runs for all, or a pair without a name.
    """
    pairs = [text.partition("=")[::2] for text in baselines if "=" in text]
    single = [text for text in baselines if "=" not in text]
    if len(single) > 1:
        raise ConfigError(f"--baseline: {' and '.join(single)} are both named for all runs; expected one, or RUN=SLOW")
    if any(not part for pair in pairs for part in pair):
        raise ConfigError("--baseline: expected SLOW or RUN=SLOW with both names")
    content: dict[str, Any] = {"slow": single[0] if single else None, "baselines": dict(pairs), "margin": margin}
    return AnalysisParams.parse({**content, "pairing": "shared" if shared else "all"}, "options")
