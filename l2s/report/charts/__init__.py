"""Vega-Lite specifications of the page's plots: plain values, drawn in the browser.

Colours are the page's own CSS variables, so a plot follows the theme without being drawn again. Names of runs
are data, never part of an expression.
"""

from l2s.report.charts.controls import controls_chart
from l2s.report.charts.layers import layer_charts
from l2s.report.charts.levels import level_charts
from l2s.report.charts.rivals import asked_chart, rivals_chart
from l2s.report.charts.searches import search_charts
from l2s.report.charts.sweep import sweeps
from l2s.report.charts.trade_off import trade_off_charts

__all__ = [
    "asked_chart",
    "controls_chart",
    "layer_charts",
    "level_charts",
    "rivals_chart",
    "search_charts",
    "sweeps",
    "trade_off_charts",
]
