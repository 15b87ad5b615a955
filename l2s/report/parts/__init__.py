"""The page's parts: tables, headline, details of a run, examples, numbers as text."""
