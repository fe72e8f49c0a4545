"""Limits that several parts of tress share; nothing is imported here, so that the command line may read them."""

from __future__ import annotations

MAX_MEGAPIXELS = 110.0
"""Largest picture that is read unless told otherwise: cameras of 100 megapixels make 101.8, telephones 108."""
