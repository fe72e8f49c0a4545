"""The models that tress knows by name, and where their files are."""

from tress.catalog.lookup import Entry, Located, entries, resolve

__all__ = ["Entry", "Located", "entries", "resolve"]
