"""Option ``invert``: the background instead of the subject."""

from __future__ import annotations

from tress.outputs.option import Flag, Option

OPTION = Option[bool](
    name="invert",
    default=False,
    kind=Flag(),
    help="Swap subject and background: cut the subject out of the photo, or make a mask white where it is not.",
    group="Look",
)
