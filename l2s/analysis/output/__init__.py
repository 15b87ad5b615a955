"""What the summary is written as: JSON, CSV, tables of a paper, tables of a terminal."""
