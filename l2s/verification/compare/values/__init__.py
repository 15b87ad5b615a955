"""Answers that have a value: evaluated and compared, exactly where that is possible."""
