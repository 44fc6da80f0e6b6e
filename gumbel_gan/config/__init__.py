"""What may be asked for: every name, every setting and its checks. Standard library only."""
