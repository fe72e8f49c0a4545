"""From the bytes of any supported picture to upright sRGB pixels.

Pillow's decoders are called directly instead of through ``Image.open``: the format comes from the file's first bytes,
and the pixel limit is ours alone, checked on the header before any pixel is decoded.  Nothing of Pillow's global state
is read or changed, so a host program and other threads keep theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO, NoReturn

from PIL import Image, ImageFile

from tress.arrays import Alpha, Rgb8
from tress.errors import InputError, printable
from tress.io import containers, exif
from tress.io.exif import Metadata
from tress.io.formats.outline import Outline, ends_too_early
from tress.io.formats.table import OUTLINES
from tress.io.gamma import ADOBE_RGB
from tress.io.limits import MAX_MEGAPIXELS
from tress.io.pixels import load
from tress.io.sources import Source, opened, unreadable
from tress.io.upright import upright_alpha, upright_rgb

__all__ = ["Picture", "Source", "check_pixel_limit", "decode", "read_size"]

_MEGA = 1_000_000


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright and in sRGB.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, sRGB, RGB order, straight (not premultiplied).
        alpha: ``(H, W)`` float32 in [0, 1], or None when the file is opaque everywhere.
        dpi: horizontal and vertical dots per inch of the upright picture, or None.
        metadata: EXIF and XMP to hand on, orientation already reset.
        format: what the file is, in lower case: jpeg, png, webp, tiff, bmp, gif, avif or heic.
        warnings: what could not be honoured, in whole sentences; usually empty.
    """

    pixels: Rgb8
    alpha: Alpha | None
    dpi: tuple[float, float] | None
    metadata: Metadata
    format: str
    warnings: tuple[str, ...] = ()


def decode(source: Source, *, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Decodes JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC; of several frames or pages the first that is no
    thumbnail.

    EXIF orientation is applied; colours told by ICC profiles or otherwise are converted (``tress.io.colour``); 1-bit,
    16-bit, grey, palette, CMYK, Lab and premultiplied files are understood.  Colours deeper than 8 bits are rounded to
    8 after the conversion where that matters.  Grey float TIFF must lie in [0, 1] and is taken as sRGB-encoded.

    Args:
        source: the file's bytes, its path, or a binary file object, which is read from its start and stays open.
        max_megapixels: the limit on width x height, in millions; may be ``math.inf``.

    Raises:
        InputError: ``path_missing``, ``path_is_directory``, ``path_no_permission``, ``path_invalid``,
            ``file_unreadable``, ``file_empty``, ``not_a_picture``, ``picture_unsupported``, ``picture_zero_sized``,
            ``picture_too_large``, ``picture_truncated``, ``picture_corrupt``, ``out_of_memory``, ``source_type``.
    """
    with opened(source) as file:
        head, kind = _identify(file)
        try:
            outline = OUTLINES[kind](file)
            if outline.size_px:
                check_pixel_limit(*outline.size_px, max_megapixels=max_megapixels)
            image = None
            if outline.samples is None:
                image = outline.open()
                check_pixel_limit(*image.size, max_megapixels=max_megapixels)
            return _picture(image, outline, kind)
        except InputError:
            raise
        except MemoryError as error:
            raise InputError(
                "out_of_memory", "there is not enough memory for this picture", hint="use a smaller picture"
            ) from error
        except Exception as error:  # decoders answer hostile bytes with every kind of exception
            _explain(error, file, kind, head)


def read_size(source: Source) -> tuple[int, int]:
    """Width and height in pixels as the file's header says, before any rotation; no pixel is decoded.

    Raises:
        InputError: as ``decode``, for what the header already shows.
    """
    with opened(source) as file:
        head, kind = _identify(file)
        try:
            outline = OUTLINES[kind](file)
            width_px, height_px = outline.size_px or outline.open().size
            return width_px, height_px
        except InputError:
            raise
        except Exception as error:  # decoders answer hostile bytes with every kind of exception
            _explain(error, file, kind, head)


def _identify(file: BinaryIO) -> tuple[bytes, str]:
    """The file's first bytes and what it is by them; it is at its start again afterwards."""
    try:
        head = file.read(containers.HEAD_BYTES)
    except OSError as error:
        raise unreadable(error) from error
    if not isinstance(head, bytes):
        raise InputError("source_type", "the file object gives text", hint="open it in binary mode")
    kind = containers.identify(head)
    file.seek(0)
    return head, kind


def check_pixel_limit(width_px: int, height_px: int, *, max_megapixels: float) -> None:
    """Raises InputError ``picture_too_large`` when the picture has more than ``max_megapixels`` million pixels."""
    if not max_megapixels > 0:
        raise InputError("option_range", f"the pixel limit must be positive but is {max_megapixels:g} megapixels")
    if width_px * height_px > max_megapixels * _MEGA:
        size = width_px * height_px / _MEGA
        raise InputError(
            "picture_too_large",
            f"the picture is {width_px}x{height_px} pixels ({size:.1f} megapixels); "
            f"the limit is {max_megapixels:g} megapixels",
            hint="make it smaller, or raise the limit with --max-megapixels",
        )


def _explain(error: Exception, file: BinaryIO, kind: str, head: bytes) -> NoReturn:
    if containers.is_zero_sized(head, kind):
        raise InputError(
            "picture_zero_sized", "the picture has no pixels: its width or height is zero", hint="get the file again"
        ) from error
    message = str(error)
    if any(word in message for word in ("unknown pixel mode", "Unsupported", "unsupported", "not available")):
        raise InputError(
            "picture_unsupported",
            f"this kind of {kind.upper()} is not supported: {message}",
            hint="convert it to an 8-bit PNG, JPEG or TIFF first",
        ) from error
    if isinstance(error, Image.DecompressionBombError):
        raise InputError("picture_too_large", f"the {kind.upper()} decoder refuses this size: {message}") from error
    if _is_cut_short(file, kind):
        ends_too_early(kind.upper(), error)
    raise InputError(
        "picture_corrupt",
        f"the {kind.upper()} file is damaged: {message or type(error).__name__}",
        hint="open it in another program and save it again, or get it again",
    ) from error


def _is_cut_short(file: BinaryIO, kind: str) -> bool:
    try:
        return containers.is_cut_short(file, kind)
    except Exception:  # a file that a decoder failed on may be too torn to be looked through
        return False


def _has_more(image: ImageFile.ImageFile | None, outline: Outline) -> bool:
    """Whether frames or pages are left out."""
    if outline.has_more is not None or image is None:
        return bool(outline.has_more)
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # a torn second frame, of which nothing is needed
        return False


def _picture(image: ImageFile.ImageFile | None, outline: Outline, kind: str) -> Picture:
    """Decodes an opened picture; ``image`` is None where Pillow does not make its pixels."""
    warnings = list(outline.warnings)
    if _has_more(image, outline):
        warnings.append("the file has several frames or pages; only one is used")
    info = image.info if image is not None else {}
    own_exif = exif.bare(outline.exif or info.get("exif"))
    if kind == "jpeg" and info.get("exif") and own_exif is None:
        warnings.append("the EXIF block is damaged and was ignored")
    turn = outline.turn or exif.orientation(own_exif)
    xmp = outline.xmp or info.get("xmp")
    if exif.is_adobe_rgb(own_exif) and not (outline.colour or outline.icc or info.get("icc_profile")):
        outline = replace(outline, colour=ADOBE_RGB)
    loaded = load(image, outline)
    dpi = exif.sane_dpi(outline.dpi or info.get("dpi")) or exif.dpi(own_exif)
    del image
    if dpi and turn >= 5:
        dpi = dpi[::-1]
    return Picture(
        upright_rgb(loaded.image, turn),
        upright_alpha(loaded.alpha, turn) if loaded.alpha is not None else None,
        dpi,
        Metadata(exif.upright_exif(own_exif), exif.upright_xmp(xmp)),
        kind,
        tuple(printable(warning) for warning in [*warnings, *loaded.warnings]),
    )
