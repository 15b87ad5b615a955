"""Calibration texts of the embedded family: training problems, each solved shortly and at length."""

import random
from pathlib import Path

from l2s.benchmarks.arithmetic import training_chains
from l2s.core.seeds import seed_for
from l2s.family.settings import FamilySettings
from l2s.family.traces import answer, combined, reflective
from l2s.records import write_rows

STREAM = "calibration"


def write_texts(settings: FamilySettings, count: int, out: Path) -> None:
    """Write JSONL rows of ``prompt``, ``short`` and ``long``, as quick and as slow would answer.

    Args:
        settings: of the family; its seed decides the problems, which no model is measured on.
        count: rows.
        out: the file.
    """
    rng = random.Random(seed_for(settings.seed, "documents", STREAM))
    chains = training_chains(settings.seed, STREAM, settings.slow.level_weights)
    rows = [
        {
            "prompt": chain.text,
            "short": (combined(rng, chain, settings.quick.combining) + answer(chain)).strip(),
            "long": f"<think>{reflective(rng, chain)}</think>{answer(chain)}",
        }
        for _, chain in zip(range(count), chains, strict=False)
    ]
    write_rows(out, rows)
