"""Row: what a table is made of where one is handled at a time. Importing it takes no package of tables."""

from typing import Any

Row = dict[str, Any]
"""Values by the names of columns."""
