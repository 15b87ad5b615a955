"""Verification: the answer a response gives, and whether it equals the gold answer.

Importing this package costs nothing: the table libraries load when a file is verified, the algebra
only inside worker processes, and those start only when a pair needs algebra.
"""

from l2s.verification.disagreements import agreement, grade_by_all, verify_by_all
from l2s.verification.extract.answer import extract_answer
from l2s.verification.graders import find_grader, grader_names
from l2s.verification.io.graded_files import grade_file, verify_file
from l2s.verification.verify import grade, grade_pairs, verify_rows

__all__ = [
    "agreement",
    "extract_answer",
    "find_grader",
    "grade",
    "grade_by_all",
    "grade_file",
    "grade_pairs",
    "grader_names",
    "verify_by_all",
    "verify_file",
    "verify_rows",
]
