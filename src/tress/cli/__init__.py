"""tress."""
