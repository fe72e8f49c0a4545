"""Options ``format``, ``quality``, ``lossless`` and ``keep_metadata``: the file that comes out."""

from __future__ import annotations

from tress.outputs.option import Choice, Flag, Number, Option

FORMATS = ("png", "webp", "avif", "tiff", "jpeg")
WITH_QUALITY = ("jpeg", "webp", "avif")
CAN_BE_LOSSLESS = ("png", "webp", "tiff")

FORMAT = Option[str](
    name="format",
    default="auto",
    kind=Choice(("auto", *FORMATS), {"jpg": "jpeg", "tif": "tiff"}),
    help="File format. auto: by the output's name, else png. jpeg cannot be transparent: give a background or mask.",
    group="File",
)

QUALITY = Option[int | None](
    name="quality",
    default=None,
    kind=Number[int | None](1, 100, integer=True, metavar="1-100"),
    help="Quality of jpeg, webp and avif; higher is better and bigger. Unset: a sensible value for the format.",
    group="File",
    examples=("80",),
)

LOSSLESS = Option[bool](
    name="lossless",
    default=False,
    kind=Flag(),
    help="Store exact pixels in webp. png and tiff always do; jpeg and avif cannot.",
    group="File",
)

KEEP_METADATA = Option[bool](
    name="keep_metadata",
    default=False,
    kind=Flag(),
    help="Copy camera data, place and copyright of the input to the output. By default they are removed.",
    group="File",
)
