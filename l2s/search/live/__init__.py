"""Trials on live engines: candidates merged in memory, swapped in and asked, here or in several workers."""
