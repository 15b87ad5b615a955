"""A search for optuna-dashboard: its trials as a study in a file of Optuna's journal storage."""

import os
from pathlib import Path
from typing import Any

import polars as pl

from l2s.search.candidates.ranges import Choice, Number
from l2s.search.space import Space

NAME = "optuna.log"


def write_optuna(space: Space, out: Path) -> Path:
    """Write ``out/optuna.log`` from the trials in ``out``; show it by ``optuna-dashboard out/optuna.log``."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    file, partial = out / NAME, out / f"{NAME}.partial"
    partial.unlink(missing_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(partial))), study_name=out.name, direction="minimize"
    )
    rows = pl.read_csv(out / "trials.csv").to_dicts()
    for row in rows:
        study.add_trial(_trial(space, row, rows))
    os.replace(partial, file)
    return file


def _trial(space: Space, row: dict[str, Any], rows: list[dict[str, Any]]) -> Any:
    from optuna.distributions import BaseDistribution, CategoricalDistribution
    from optuna.trial import create_trial

    from l2s.search.candidates.proposals import distribution

    def of(one: Number | Choice) -> BaseDistribution:
        seen = [str(other[f"value.{one.name}"]) for other in rows]
        return CategoricalDistribution(sorted(set(seen))) if isinstance(one, Choice) else distribution(one)

    values = {one.name: row[f"value.{one.name}"] for one in space.dimensions}
    texts = {one.name for one in space.dimensions if isinstance(one, Choice)}
    kept = ("ended", "problems", "accuracy", "difference", "difference_low", "difference_high", "tokens", "evidence")
    return create_trial(
        params={name: str(value) if name in texts else value for name, value in values.items()},
        distributions={one.name: of(one) for one in space.dimensions},
        value=row["relative"],
        user_attrs={name: row[name] for name in kept},
    )
