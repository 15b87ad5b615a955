"""Killable processes that do the algebra."""

from l2s.verification.workers.pool import POOL, Pool

__all__ = ["POOL", "Pool"]
