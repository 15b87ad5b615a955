"""Imported last by the fork server: what it has loaded is no business of its children's collections."""

import gc

gc.collect()
gc.freeze()
