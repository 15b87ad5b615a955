"""Views: models read as if they were others, with an adapter, in another vocabulary, with other layers."""
