"""Pictures that a program has in memory already: PIL images and arrays."""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.io import exif
from tress.io.decode import Picture, decode
from tress.io.exif import Metadata
from tress.io.formats.tiff_tags import Tag
from tress.io.png import with_chunk


def is_pil(image: Any) -> bool:
    """Whether it is a PIL image."""
    # Without importing PIL: whoever passes one of its images has imported it.
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(image).__mro__)


# What no lossless file holds, and the mode that says the same.
_AS_MODE = {"PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "HSV": "RGB", "YCbCr": "RGB"}
_AS_TIFF = ("CMYK", "LAB", "F", "I")
_ORIENTATION = 0x112
_RAW_EXIF = ("Raw profile type exif", "Raw profile type APP1")
# How a file of these modes names its clear colour; the others by one number.
_CLEAR: dict[str, Any] = {"P": (int, bytes), "RGB": tuple}


def from_pil(image: Any, max_megapixels: float) -> Picture:
    """Through a lossless file, so that palettes, depths, profiles and orientation take the one path they take.

    Raises:
        InputError: ``picture_corrupt``, ``out_of_memory``, and as ``decode``.
    """
    try:
        data = _lossless(image)
    except MemoryError as error:
        raise InputError(
            "out_of_memory", "there is not enough memory for this picture", hint="use a smaller picture"
        ) from error
    except Exception as error:  # Pillow decodes only now, and answers damaged files with every kind of exception
        raise InputError(
            "picture_corrupt",
            f"the PIL image cannot be read: {error}",
            hint="its file may be incomplete or closed; give tress the file itself to learn more",
        ) from error
    picture = decode(data, max_megapixels=max_megapixels)
    if _is_thumbnail(image):
        told = "the PIL image is a thumbnail, its file says; give tress the file itself"
        return replace(picture, warnings=(*picture.warnings, told))
    return picture


def _lossless(image: Any) -> bytes:
    """A PIL image as an uncompressed file with profile and orientation, and nothing else that it carries along."""
    from PIL import Image

    clear, covered = _told_by_file(image)
    image.load()
    told = Image.Exif()
    told[_ORIENTATION] = _orientation(image)
    if _is_adobe_rgb(image):
        told.get_ifd(exif.PHOTO)[exif.COLOUR_SPACE] = exif.ADOBE_RGB
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile"), "exif": told}
    if dpi := exif.sane_dpi(image.info.get("dpi")):
        options["dpi"] = dpi
    if image.mode.startswith("I;16"):
        # Pillow keeps only the low byte order in files, and would clip the other one.
        plain = Image.fromarray(np.asarray(image).astype(np.uint16))
    else:
        plain = image.convert(_AS_MODE[image.mode]) if image.mode in _AS_MODE else image
    if covered:
        inside = plain.convert("RGBA").crop(covered)
        plain, clear = Image.new("RGBA", image.size), None
        plain.paste(inside, covered)
    buffer = io.BytesIO()
    if plain.mode in _AS_TIFF:
        plain.save(buffer, "TIFF", compression="raw", **options)
    else:
        # Pillow hands it on through conversions that make it meaningless.
        fits = isinstance(clear, _CLEAR.get(plain.mode, int))
        plain.save(buffer, "PNG", compress_level=0, transparency=clear if fits else None, **options)
        return _with_colours(buffer.getvalue(), image)
    return buffer.getvalue()


def _is_thumbnail(image: Any) -> bool:
    """Whether it is the small first page of a TIFF or camera raw file: Pillow opens nothing else of them."""
    tags = getattr(image, "tag_v2", None) or {}
    kind = tags.get(Tag.SUBFILE_TYPE, 0)
    return (isinstance(kind, int) and bool(kind & 1)) or Tag.DNG_VERSION in tags


def _with_colours(png: bytes, image: Any) -> bytes:
    """The same file, saying how the colours are told where there is no profile."""
    info = image.info
    if info.get("icc_profile"):
        return png
    if isinstance(points := info.get("nclx_profile"), dict):
        numbers = [points.get(name, 2) for name in ("color_primaries", "transfer_characteristics")]
        return with_chunk(png, b"cICP", bytes([*(int(number) & 0xFF for number in numbers), 0, 1]))
    with contextlib.suppress(TypeError, ValueError, struct.error):  # what a program has put there may be anything
        if "gamma" in info:
            png = with_chunk(png, b"gAMA", _in_100000ths(info["gamma"]))
        if "chromaticity" in info:
            png = with_chunk(png, b"cHRM", _in_100000ths(*info["chromaticity"]))
    return with_chunk(png, b"sRGB", b"\0") if "srgb" in info else png


def _in_100000ths(*values: float) -> bytes:
    return struct.pack(f">{len(values)}I", *(round(value * 100_000) for value in values))


def _told_by_file(image: Any) -> tuple[Any, tuple[int, int, int, int] | None]:
    """The clear colour, and what the first frame of a GIF covers if that is not all.

    Pillow brings grey of 2 and 4 bits and colours of 16 to 8 when it decodes, but not what is clear among them, and
    fills what a frame leaves of its canvas with some colour.  How the file was is forgotten afterwards.
    """
    clear = image.info.get("transparency")
    tile = next(iter(getattr(image, "tile", None) or ()), None)
    if tile is None:
        return clear, None
    if image.format == "GIF":
        left, top, right, bottom = tile[1]
        is_whole = (left, top, right, bottom) == (0, 0, *image.size)
        return clear, None if is_whole or image.tell() else (left, top, right, bottom)
    mode = tile[3] if isinstance(tile[3], str) else next(iter(tile[3] or ()), None)
    most = {"L;2": 3, "L;4": 15}.get(str(mode))
    if most and isinstance(clear, int):
        return clear * 255 // most, None
    if mode == "RGB;16B" and isinstance(clear, tuple):
        return tuple(value >> 8 for value in clear), None
    return clear, None


def _own_exif(image: Any) -> bytes | None:
    """The block that ``decode`` finds in the file, wherever PNG files have it; None where Pillow made it up."""
    own = exif.bare(image.info.get("exif"))
    if own is None:
        for name, text in image.info.items():
            if name in _RAW_EXIF and isinstance(text, str):
                own = exif.bare(exif.from_raw_profile(text.encode("latin-1", "replace")))
    return own


def _orientation(image: Any) -> int:
    """As ``decode`` finds it: what EXIF says, not XMP."""
    if (own := _own_exif(image)) is not None:
        return exif.orientation(own)
    if any(name in image.info for name in ("xmp", "XML:com.adobe.xmp")):
        return 1
    with contextlib.suppress(Exception):  # what a program has put there may be anything
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _is_adobe_rgb(image: Any) -> bool:
    if (own := _own_exif(image)) is not None:
        return exif.is_adobe_rgb(own)
    with contextlib.suppress(Exception):  # as above
        block = image.getexif()
        dcf = str(block.get_ifd(exif.INTEROPERABILITY).get(exif.INTEROPERABILITY_INDEX, ""))
        return exif.mean_adobe_rgb(block.get_ifd(exif.PHOTO).get(exif.COLOUR_SPACE, 0), dcf.encode() + b"\0")
    return False


def from_array(array: npt.NDArray) -> Picture:
    """A copy of ``(H, W)``, ``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)`` uint8, sRGB, straight alpha.

    Raises:
        InputError: ``array_shape``, ``array_empty``.
    """
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            "array_shape",
            f"a picture array must be (H, W), (H, W, 3) or (H, W, 4) uint8 but is {array.shape} {array.dtype}",
            hint="scale floats by 255 and convert to uint8; channels come last, in RGB order",
        )
    if array.size == 0:
        raise InputError("array_empty", f"the picture array has no pixels: its shape is {array.shape}")
    if array.ndim == 2 or array.shape[2] == 1:
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    alpha = array[..., 3].astype(np.float32) / np.float32(255) if array.shape[2] == 4 else None
    pixels = np.array(array[..., :3], order="C", copy=True)
    return Picture(pixels, alpha, dpi=None, metadata=Metadata(), format="array")
