"""Models on disk: what a folder holds, reading and writing it tensor by tensor, and whether folders fit."""

from l2s.checkpoints.checkpoint import Checkpoint, is_complete

__all__ = ["Checkpoint", "is_complete"]
