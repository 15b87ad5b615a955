"""Report: the summary as a terminal table, as plots, and as one page that opens offline."""
