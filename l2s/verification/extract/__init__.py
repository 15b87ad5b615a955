"""Where the answer stands in a response."""

from l2s.verification.extract.answer import extract_answer

__all__ = ["extract_answer"]
