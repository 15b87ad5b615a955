"""Core: errors, files, parameters, progress, seeds and YAML; what everything else stands on."""
