"""How fast a machine works: measured on past runs where there are any, else from a device's data sheet."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from l2s.planning.work import Work

COSTS = Path(".l2s/costs.jsonl")
"""A row for each stage that ran: ``stage``, ``seconds``, ``peak_bytes``, and what its kind adds."""
UTILISATION = 0.4
"""Of a data sheet's peak that generation with full batches is assumed to reach."""
STEP = 0.005
"""Seconds that a step of decoding takes at least, however small the model: launches of kernels, scheduling."""


@dataclass(frozen=True)
class Device:
    """A data sheet: dense bfloat16 FLOPs and bytes a second, bytes of memory."""

    flops: float
    bandwidth: float
    memory: float


DEVICES: Mapping[str, Device] = {
    "a100": Device(312e12, 2.04e12, 80e9),
    "l40s": Device(362e12, 0.864e12, 48e9),
    "h100": Device(989e12, 3.35e12, 80e9),
    "h200": Device(989e12, 4.8e12, 141e9),
    "b200": Device(2250e12, 8.0e12, 180e9),
}
"""NVIDIA's data sheets, SXM versions where there are several, without sparsity."""


def device_seconds(device: Device, count: int, work: Work, weights: float, batch: int) -> float:
    """Seconds of generation: arithmetic, then traffic, at UTILISATION of the peak; at least a STEP for each token.

    Args:
        device: its data sheet.
        count: devices that share the work.
        work: of generation.
        weights: bytes of the model; they are read once for each token of a batch.
        batch: rows in a batch.
    """
    traffic = 2 * work.traffic + weights * work.tokens / batch
    busy = (work.compute / device.flops + traffic / device.bandwidth) / (UTILISATION * count)
    return max(busy, STEP * work.tokens / batch)


def read_costs(path: Path = COSTS) -> list[dict[str, Any]]:
    """What past stages took; a line that was cut off by a kill is left out."""
    rows = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue  # the last line of a run that was killed
    return rows


@dataclass(frozen=True)
class Past:
    """Rates of past runs on this machine."""

    rows: Sequence[Mapping[str, Any]]

    def seconds(self, stage: str) -> float | None:
        """What the stage took, else stages of its kind: the median; None if there was none."""
        kind = stage.partition("@")[0]
        own = self.own_seconds(stage)
        alike = [row["seconds"] for row in self.rows if row["stage"].partition("@")[0] == kind]
        return own if own is not None or not alike else statistics.median(alike)

    def own_seconds(self, stage: str) -> float | None:
        """What the stage itself took: the median; None if it never ran."""
        own = [row["seconds"] for row in self.rows if row["stage"] == stage and row.get("stored", 0) == 0]
        return statistics.median(own) if own else None

    def flops_a_second(self) -> float | None:
        """FLOPs a second of generations that took nothing from the store: the median."""
        found = [row["flops"] / row["seconds"] for row in self.rows if row.get("flops") and row.get("stored") == 0]
        return statistics.median(found) if found else None

    def peak(self, stage: str) -> float | None:
        """Most memory that the stage, else one of its kind, took."""
        kind = stage.partition("@")[0]
        own = [row["peak_bytes"] for row in self.rows if row["stage"] == stage]
        alike = [row["peak_bytes"] for row in self.rows if row["stage"].partition("@")[0] == kind]
        return max(own or alike, default=None)
