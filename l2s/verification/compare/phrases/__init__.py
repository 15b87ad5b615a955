"""Answers that are phrases: words, numbers in words, dates, times of day."""
