"""Analysis: what verdicts say about accuracy, length and their trade-off."""

from l2s.analysis.analyse import Report, analyse
from l2s.analysis.settings import AnalysisParams
from l2s.analysis.summary import read_summary, write_summary

__all__ = ["AnalysisParams", "Report", "analyse", "read_summary", "write_summary"]
