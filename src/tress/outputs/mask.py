"""Option ``mask``: the alpha itself instead of the cut-out."""

from __future__ import annotations

from tress.outputs.option import Flag, Option

OPTION = Option[bool](
    name="mask",
    default=False,
    kind=Flag(),
    help="Give the alpha as a greyscale picture (white: subject, black: background) instead of the cut-out.",
    group="Look",
)
