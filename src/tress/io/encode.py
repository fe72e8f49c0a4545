"""From pixels to a picture file.

Whatever the format: the colours are tagged as sRGB, the orientation is 1, and a pixel with alpha 0 is written with
colour 0.  The last is a matter of privacy, not of size alone: without it the removed background would still be in the
file for anyone who drops the alpha channel.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from tress.errors import InputError
from tress.io import exif
from tress.io.colour import srgb_profile
from tress.io.exif import Metadata
from tress.io.png import encode_png

_PREDICTOR_TAG, _HORIZONTAL, _XMP_TAG = 317, 2, 700
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class _Job:
    pixels: npt.NDArray[np.uint8]
    quality: int
    lossless: bool
    dpi: tuple[float, float] | None
    metadata: Metadata


@dataclass(frozen=True)
class Format:
    """An output format.

    Attributes:
        name: as the user writes it.
        suffixes: file name suffixes with their dot, lower case; the first is the one tress writes.
        media_type: for HTTP.
        has_alpha: it can be transparent.
        lossless: ``always``, ``never`` or ``optional``.
        max_side_px: longest side that can be written.
        default_quality: from 1 to 100, for lossy output.
    """

    name: str
    suffixes: tuple[str, ...]
    media_type: str
    has_alpha: bool
    lossless: str
    max_side_px: int
    default_quality: int
    run: Callable[[_Job], bytes]


def _png(job: _Job) -> bytes:
    return encode_png(job.pixels, dpi=job.dpi, exif=job.metadata.exif, xmp=job.metadata.xmp)


def _webp(job: _Job) -> bytes:
    # Method 1 of 0..6 lossless, 2 lossy: the slower ones save a few per cent for several times the CPU.
    options = {"lossless": job.lossless, "method": 1 if job.lossless else 2}
    return _pillow(job, "WEBP", quality=20 if job.lossless else job.quality, exif=_exif_with_dpi(job), **options)


def _avif(job: _Job) -> bytes:
    return _pillow(job, "AVIF", quality=job.quality, speed=9, exif=_exif_with_dpi(job))


def _tiff(job: _Job) -> bytes:
    # A TIFF's own tags are its EXIF; of another file's block only the descriptive ones can be taken over safely.
    tags = Image.Exif()
    tags.update(exif.descriptive_tags(job.metadata.exif))
    tags[_PREDICTOR_TAG] = _HORIZONTAL
    if job.metadata.xmp:
        tags[_XMP_TAG] = job.metadata.xmp
    return _pillow(job, "TIFF", dpi=job.dpi, compression="tiff_lzw", tiffinfo=tags)


def _jpeg(job: _Job) -> bytes:
    # From quality 90 on a user wants crisp edges between subject and new background: no colour subsampling.
    block = b"Exif\0\0" + job.metadata.exif if job.metadata.exif else None
    dpi = tuple(round(value) for value in job.dpi) if job.dpi else None
    return _pillow(job, "JPEG", quality=job.quality, subsampling=0 if job.quality >= 90 else 2, dpi=dpi, exif=block)


FORMATS: dict[str, Format] = {
    entry.name: entry
    for entry in (
        Format("png", (".png",), "image/png", True, "always", 2**31 - 1, 100, _png),
        Format("webp", (".webp",), "image/webp", True, "optional", 16383, 90, _webp),
        Format("avif", (".avif",), "image/avif", True, "never", 32768, 80, _avif),
        Format("tiff", (".tif", ".tiff"), "image/tiff", True, "always", 2**31 - 1, 100, _tiff),
        Format("jpeg", (".jpg", ".jpeg"), "image/jpeg", False, "never", 65500, 92, _jpeg),
    )
}


def get_format(name: str) -> Format:
    """The format with this name; ``jpg`` and ``tif`` are understood too.

    Raises:
        InputError: ``format_unknown``.
    """
    wanted = {"jpg": "jpeg", "tif": "tiff"}.get(name.lower(), name.lower())
    if wanted not in FORMATS:
        raise InputError("format_unknown", f"unknown format {name!r}", hint=f"choose one of {', '.join(FORMATS)}")
    return FORMATS[wanted]


def extension(format: str) -> str:
    """The suffix of files in this format, with its dot: ``.png``, ``.jpg``.

    Raises:
        InputError: ``format_unknown``.
    """
    return get_format(format).suffixes[0]


def format_for(path_suffix: str) -> str:
    """The name of the format that files with this suffix (``.png``, any case) have.

    Raises:
        InputError: ``format_unknown``.
    """
    for entry in FORMATS.values():
        if path_suffix.lower() in entry.suffixes:
            return entry.name
    known = ", ".join(suffix for entry in FORMATS.values() for suffix in entry.suffixes)
    raise InputError(
        "format_unknown", f"cannot write files that end in {path_suffix or 'nothing'!r}", hint=f"use one of {known}"
    )


def encode(
    pixels: npt.NDArray[np.uint8],
    format: str,
    *,
    quality: int | None = None,
    lossless: bool | None = None,
    dpi: tuple[float, float] | None = None,
    metadata: Metadata | None = None,
) -> bytes:
    """Encodes a picture.

    Args:
        pixels: ``(H, W)`` grey, ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA, uint8, sRGB, straight alpha.  The array is
            not changed; where alpha is 0 the file gets colour 0.
        format: ``png``, ``webp``, ``avif``, ``tiff`` or ``jpeg``.
        quality: 1 to 100 for lossy output; None takes the format's default.
        lossless: True or False to insist; None takes what the format is, lossy for WebP.
        dpi: dots per inch.  WebP and AVIF have no field of their own for it: it then goes into EXIF.
        metadata: EXIF and XMP to write along; None writes none.  TIFF takes the descriptive EXIF tags only (maker,
            model, date, artist, copyright, description, software).

    Raises:
        InputError: ``format_unknown``, ``jpeg_has_no_alpha``, ``quality_range``, ``quality_not_applicable``,
            ``format_is_lossy``, ``format_is_lossless``, ``picture_too_large_for_format``, ``metadata_too_large``,
            ``array_type``, ``array_shape``, ``array_empty``, ``encoding_failed``.
    """
    target = get_format(format)
    _check(pixels, target)
    is_lossless = _resolve(target, quality, lossless)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        pixels = _without_hidden_colours(pixels)
    carried = metadata or Metadata()
    upright = Metadata(exif.upright_exif(exif.bare(carried.exif)), exif.upright_xmp(carried.xmp))
    job = _Job(
        np.ascontiguousarray(pixels), quality or target.default_quality, is_lossless, exif.sane_dpi(dpi), upright
    )
    try:
        return target.run(job)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, struct.error, cv2.error) as error:
        if "too long" in str(error).lower():
            raise InputError(
                "metadata_too_large",
                f"the metadata does not fit into a {target.name.upper()} file",
                hint="leave --keep-metadata out, or choose another format",
            ) from error
        raise InputError("encoding_failed", f"the {target.name.upper()} encoder failed: {error}") from error


def _check(pixels: Any, target: Format) -> None:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        kind = pixels.dtype if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise InputError("array_type", f"pixels must be a uint8 numpy array but are {kind}")
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] in (3, 4)):
        raise InputError("array_shape", f"pixels must be (H, W), (H, W, 3) or (H, W, 4) but are {pixels.shape}")
    if pixels.size == 0:
        raise InputError("array_empty", f"the picture has no pixels: its shape is {pixels.shape}")
    if pixels.ndim == 3 and pixels.shape[2] == 4 and not target.has_alpha:
        raise InputError(
            f"{target.name}_has_no_alpha",
            f"{target.name.upper()} files cannot be transparent",
            hint="use --format png or webp, or give a --background",
        )
    if max(pixels.shape[:2]) > target.max_side_px:
        raise InputError(
            "picture_too_large_for_format",
            f"{target.name.upper()} files have at most {target.max_side_px} pixels a side; "
            f"this picture is {pixels.shape[1]}x{pixels.shape[0]}",
            hint="use --format png, or --size to make it smaller",
        )


def _resolve(target: Format, quality: int | None, lossless: bool | None) -> bool:
    """Whether the output is lossless; raises InputError on contradictions."""
    if quality is not None and not 1 <= quality <= 100:
        raise InputError("quality_range", f"quality must lie between 1 and 100 but is {quality}")
    if lossless and target.lossless == "never":
        raise InputError(
            "format_is_lossy", f"{target.name.upper()} cannot be written lossless", hint="use png, webp or tiff"
        )
    if lossless is False and target.lossless == "always":
        raise InputError(
            "format_is_lossless", f"{target.name.upper()} is always lossless", hint="use webp, avif or jpeg"
        )
    is_lossless = target.lossless == "always" or bool(lossless)
    if is_lossless and quality is not None:
        raise InputError(
            "quality_not_applicable",
            f"lossless {target.name.upper()} has no quality setting",
            hint="leave --quality out, or use webp, avif or jpeg",
        )
    return is_lossless


def _without_hidden_colours(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    contiguous = np.ascontiguousarray(rgba)
    # A large picture is copied only if there is something to take out.
    pieces = np.array_split(contiguous, -(-contiguous.size // _PIECE_BYTES))
    if not any(_hides_colours(piece) for piece in pieces):
        return contiguous
    return cv2.bitwise_and(contiguous, contiguous, mask=np.ascontiguousarray(rgba[..., 3]))


def _hides_colours(rgba: npt.NDArray[np.uint8]) -> bool:
    """Whether a pixel with alpha 0 has another colour than 0."""
    # Little endian, alpha is the highest byte: below 2**24 it is 0.  Zero itself wraps around to the largest number.
    return bool((rgba.view("<u4") - np.uint32(1) < np.uint32(2**24 - 1)).any())


def _exif_with_dpi(job: _Job) -> bytes | None:
    return exif.with_resolution(job.metadata.exif, job.dpi) if job.dpi else job.metadata.exif


def _pillow(job: _Job, name: str, **options: Any) -> bytes:
    given = {key: value for key, value in options.items() if value is not None}
    if job.pixels.ndim == 3:
        given["icc_profile"] = srgb_profile()
    if job.metadata.xmp:
        given["xmp"] = job.metadata.xmp
    out = io.BytesIO()
    Image.fromarray(job.pixels).save(out, name, **given)
    return out.getvalue()
