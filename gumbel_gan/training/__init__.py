"""One training, from its settings to a result."""
