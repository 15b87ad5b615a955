"""Engines: what turns prompts into responses."""
