"""What a merge costs here, against mergekit and against merely copying: ``python -m bench.merge``."""
