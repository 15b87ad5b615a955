"""Plots: drawn files and the script that draws the page's own."""
