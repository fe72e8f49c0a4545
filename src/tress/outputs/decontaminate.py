"""Option ``decontaminate``: clean the soft edge from the old background's colour."""

from __future__ import annotations

from tress.outputs.option import Flag, Option

OPTION = Option[bool](
    name="decontaminate",
    default=True,
    kind=Flag(),
    help="Replace colours along the soft edge by the subject's own, so that no halo of the old background stays.",
    group="Look",
)
