"""The commands of ``l2s``, a file a topic."""
