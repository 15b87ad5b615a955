"""Long-to-short reasoning: merge a quick and a slow model, measure what the merge is worth."""

__version__ = "0.1.0"
