"""The project's folder as DVC and git see it: the graph, what is out of date, what is recorded."""
