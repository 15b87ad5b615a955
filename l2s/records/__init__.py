"""The tables that pass between stages: JSONL on disk, polars in memory, one pandera schema each."""

from l2s.records.broken import (
    Broken,
    broken_sentence,
    checked,
    iter_sound,
    read_sound_rows,
    sound_rows,
    write_broken,
)
from l2s.records.checks import in_text
from l2s.records.lines import numbered_lines, plain_name
from l2s.records.problems import Problems
from l2s.records.responses import Responses
from l2s.records.summary import Summary
from l2s.records.table import iter_rows, read_rows, read_table, table_of, write_rows
from l2s.records.verdicts import STATUSES, Gradables, Pairs, Verdicts

__all__ = [
    "STATUSES",
    "Broken",
    "Gradables",
    "Pairs",
    "Problems",
    "Responses",
    "Summary",
    "Verdicts",
    "broken_sentence",
    "checked",
    "in_text",
    "iter_rows",
    "iter_sound",
    "numbered_lines",
    "plain_name",
    "read_rows",
    "read_sound_rows",
    "read_table",
    "sound_rows",
    "table_of",
    "write_broken",
    "write_rows",
]
