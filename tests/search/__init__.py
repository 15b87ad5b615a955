"""Tests of the search for recipes."""
