"""International English formats."""
