"""Planning: what a merge reads and writes, and all that speaks against it, before a byte is written."""
