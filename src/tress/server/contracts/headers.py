"""Words in response headers."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[^ -~]")
_MAX_CHARACTERS = 1000


def header_text(*texts: str) -> str:
    """Texts as the value of one header: whatever it cannot hold, and what could begin another one, becomes ``?``."""
    return _UNPRINTABLE.sub("?", "; ".join(texts))[:_MAX_CHARACTERS].strip()
