"""Vega-Lite specifications of the page's plots: plain values, drawn in the browser.

Colours are the page's own CSS variables, so a plot follows the theme without being drawn again. Names of runs
are data, never part of an expression.
"""
