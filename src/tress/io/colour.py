"""From a file's own colours to sRGB, with its embedded ICC profile.

Every profile is applied with the relative colorimetric intent and black-point compensation.  Colours that sRGB can
show stay exactly what they are, which matters when a cut-out is put beside other pictures of the same subject, and
black-point compensation keeps a press profile's darkest ink from turning into grey.  The perceptual intent would move
in-gamut colours as well, and sRGB as a target has no perceptual table, so only half of such a transform would be made.
"""

from __future__ import annotations

import functools
import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from tress.arrays import Rgb8
from tress.errors import printable
from tress.io.icc import read_shaper
from tress.io.shaper import Shaper, xyz_to_srgb8

_BLACK_POINT = ImageCms.Flags.BLACKPOINTCOMPENSATION
# LittleCMS samples a transform into a table; its default table is up to 12 levels off in saturated dark colours.
_PRECISION = {"CMYK": ImageCms.Flags.HIGHRESPRECALC, "LAB": ImageCms.Flags.NOOPTIMIZE}
_D50 = (0.9642, 1.0, 0.8249)
_PIECE_PX = 1 << 18
_MODES = {"RGB": ("RGB",), "GRAY": ("L",), "CMYK": ("CMYK",), "LAB": ("LAB",)}


@functools.cache
def srgb_profile() -> bytes:
    """The sRGB profile that encoded pictures carry."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str]:
    """Converts to sRGB.

    Args:
        image: mode L, RGB, CMYK or LAB.
        profile: ICC profile or None.

    Returns:
        A picture of mode L or RGB in sRGB (the given one where nothing had to change, or converted in place), and a
        warning or "".  A profile that is broken or belongs to another kind of picture is ignored with a warning, as
        browsers do: the pixels are then taken for sRGB.
    """
    if not profile:
        return _without_profile(image)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip().upper()
        if space == "RGB" and image.mode == "L":
            # Grey pixels with an RGB profile are common: the profile applies to R = G = B.
            image = image.convert("RGB")
        if image.mode not in _MODES.get(space, ()):
            converted, _ = to_srgb(image, None)
            # The name stands in the file: it may be anything.
            known = space if space.isascii() and space.isalnum() else "unknown"
            return converted, f"the colour profile is for {known} pictures; it was ignored"
        if image.mode == "L" and (shaper := read_shaper(profile)) is not None:
            # Every level by itself: LittleCMS goes through colours, and is a level off here and there.
            return _each_level(image, shaper), ""
        transform = _transform(source, image.mode)
        if image.mode == "RGB":
            if not _is_identity(transform):
                transform.apply_in_place(image)
        else:
            image = transform.apply(image)
        return image, ""
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, SyntaxError, AttributeError) as error:
        converted, _ = to_srgb(image, None)
        return converted, printable(f"the colour profile is broken and was ignored ({error})")


def _without_profile(image: Image.Image) -> tuple[Image.Image, str]:
    if image.mode == "CMYK":
        return image.convert("RGB"), "CMYK without a colour profile: the colours are approximate"
    return (_lab_to_srgb(image) if image.mode == "LAB" else image), ""


def _transform(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    flags = _BLACK_POINT | _PRECISION.get(mode, ImageCms.Flags.NONE)
    return ImageCms.ImageCmsTransform(source, target, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC, flags=flags)


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """Does an RGB transform change any of 4,913 colours by more than one level?  Most profiles are sRGB themselves."""
    steps = np.linspace(0, 255, 17).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(17, -1, 3)
    result = np.asarray(transform.apply(Image.fromarray(grid)))
    return bool(np.abs(result.astype(np.int16) - grid).max() <= 1)


def _lab_to_srgb(image: Image.Image) -> Image.Image:
    return _transform(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB").apply(image)


def shaped(image: Image.Image, shaper: Shaper | None) -> Image.Image:
    """A picture of mode L or RGB, converted by the same curve for each channel and a matrix; None changes nothing."""
    if shaper is None:
        return image
    if image.mode == "L":
        return _each_level(image, shaper.for_grey())
    result = Image.new("RGB", image.size)
    rows = max(1, _PIECE_PX // image.width)
    for top in range(0, image.height, rows):
        part = image.crop((0, top, image.width, min(top + rows, image.height)))
        result.paste(Image.fromarray(shaper.apply(np.asarray(part))), (0, top))
    return result


def _each_level(image: Image.Image, shaper: Shaper) -> Image.Image:
    return image.point(shaper.apply(np.arange(256, dtype=np.uint8)[None])[0].tolist())


def lab_to_srgb8(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> Rgb8:
    """Lab under D50 to sRGB.

    Args:
        pixels: ``(H, W, 3)``; L from 0 to the largest number, a and b with half of the range for 0.
    """
    deep = pixels.dtype == np.uint16
    result = np.empty(pixels.shape, np.uint8)
    rows = max(1, _PIECE_PX // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        lightness, a, b = np.moveaxis(pixels[top : top + rows].astype(np.float64), -1, 0)
        y = (lightness * (100 / (65535 if deep else 255)) + 16) / 116
        a, b = ((v / 256 - 128 if deep else v - 128) for v in (a, b))
        f = np.stack([y + a / 500, y, y - b / 200], axis=-1)
        xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _D50
        result[top : top + rows] = xyz_to_srgb8(xyz)
    return result
