"""The engine that runs any causal language model of transformers."""
