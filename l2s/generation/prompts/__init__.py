"""From a problem to token ids."""
