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
from PIL import Image, ImageCms

_BLACK_POINT = ImageCms.Flags.BLACKPOINTCOMPENSATION
# LittleCMS samples a transform into a table; its default table is up to 12 levels off in saturated dark colours.
_PRECISION = {"CMYK": ImageCms.Flags.HIGHRESPRECALC, "LAB": ImageCms.Flags.NOOPTIMIZE}
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
        if image.mode == "CMYK":
            return image.convert("RGB"), "CMYK without a colour profile: the colours are approximate"
        return (_lab_to_srgb(image) if image.mode == "LAB" else image), ""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip().upper()
        if space == "RGB" and image.mode == "L":
            # Grey pixels with an RGB profile are common: the profile applies to R = G = B.
            image = image.convert("RGB")
        if image.mode not in _MODES.get(space, ()):
            converted, _ = to_srgb(image, None)
            return converted, f"the colour profile is for {space or 'unknown'} pictures; it was ignored"
        transform = _transform(source, image.mode)
        if image.mode == "RGB":
            if not _is_identity(transform):
                transform.apply_in_place(image)
            return image, ""
        return transform.apply(image), ""
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, SyntaxError, AttributeError) as error:
        converted, _ = to_srgb(image, None)
        return converted, f"the colour profile is broken and was ignored ({error})"


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
