"""Files of responses and pairs: read, graded, written."""

from l2s.verification.io.graded_files import grade_file, verify_file

__all__ = ["grade_file", "verify_file"]
