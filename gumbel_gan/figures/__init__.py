"""Pictures, from rows and results."""
