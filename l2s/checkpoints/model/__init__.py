"""What a model folder says besides its weights: architecture, parts, tokenizer."""
