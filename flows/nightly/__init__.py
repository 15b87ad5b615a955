"""The re-evaluation of accepted models, night after night."""
