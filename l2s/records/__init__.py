"""The tables that pass between stages: JSONL on disk, polars in memory, one pandera schema each."""

from l2s.records.checks import Row
from l2s.records.problems import Problems
from l2s.records.responses import Responses
from l2s.records.summary import Summary
from l2s.records.table import iter_rows, read_rows, read_table, table_of, write_rows
from l2s.records.verdicts import STATUSES, Verdicts

__all__ = [
    "STATUSES",
    "Problems",
    "Responses",
    "Row",
    "Summary",
    "Verdicts",
    "iter_rows",
    "read_rows",
    "read_table",
    "table_of",
    "write_rows",
]
