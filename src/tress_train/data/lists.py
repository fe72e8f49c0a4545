"""Lists of pictures that were chosen by eye, for what no measure knows.

``first_case`` is what the curriculum begins with: one person, light skin, dark hair; ``first_case_held_back`` are
others of the same kind, for its gate.  ``street_gaps`` are photos of ``ccp-photos-hd`` whose labels know the gaps of
the subject.  A mix draws from a list by ``@NAME`` in the place of a data set.
"""

from __future__ import annotations

import json
from pathlib import Path

LIST = Path(__file__).parent / "lists.json"
MARK = "@"


def read_lists() -> dict[str, list[str]]:
    """Keys of pictures by the name of the list."""
    lists: dict[str, list[str]] = json.loads(LIST.read_text(encoding="utf-8"))
    return lists
