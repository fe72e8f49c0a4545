"""The background's own pixels: a picture that covers the canvas, or the old background out of focus."""

from __future__ import annotations

from typing import Any

import numpy as np

from tress.arrays import Alpha, Rgb8
from tress.outputs.background import Background, Blur, PictureBackground
from tress.outputs.layout import Layout

# The blurred scene is worked out at this size, or smaller if the blur is strong, and enlarged: nobody sees the
# difference, and its cost does not grow with the photo or with the blur.
_BLUR_SIDE_PX = 1024
_BLUR_SIGMA_PX = 12.0
# Less unblurred background than this under the blur, and the old background there is guesswork.
_LITTLE = 1e-3
_PIECE_PX = 8192


def blurred_scene(image: Rgb8, alpha: Alpha, blur: Blur) -> Rgb8:
    """The photo out of focus, without a ghost of the subject around it.

    A normalised convolution: subject pixels have no weight, so their colour does not spread into the background.

    Args:
        image: ``(H, W, 3)`` uint8 sRGB.
        alpha: ``(H, W)`` float32 in [0, 1] of the subject.
        blur: strength.

    Returns:
        ``(h, w, 3)`` uint8, long side at most 1024: a small picture of the same scene.
    """
    import cv2

    from tress.process.geometry import resize

    height, width = image.shape[:2]
    side = min(_BLUR_SIDE_PX, _BLUR_SIGMA_PX * 100 / blur.percent)
    scale = min(1.0, side / max(height, width))
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    small = resize(image, height, width).astype(np.float32)
    weight = 1 - resize(alpha, height, width)
    sigma = max(height, width) * blur.percent / 100

    def soften(array: Any) -> Any:
        return cv2.GaussianBlur(array, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)

    around = soften(weight)[..., None]
    everything = soften(small)
    without_subject = soften(small * weight[..., None]) / np.maximum(around, _LITTLE)
    mixed = np.where(around > _LITTLE, without_subject, everything)
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def backdrop(background: Background, image: Rgb8, alpha: Alpha, layout: Layout) -> Rgb8 | None:
    """The background's pixels on the canvas.

    Args:
        background: a picture or blur; a colour has no pixels of its own and gives None.
        image: ``(H, W, 3)`` uint8 sRGB, the photo.
        alpha: ``(H, W)`` float32 in [0, 1].
        layout: where the photo lies on the canvas.

    Returns:
        ``(layout.height_px, layout.width_px, 3)`` uint8, or None.
    """
    if isinstance(background, PictureBackground):
        return _cover(background.pixels, layout.height_px, layout.width_px)
    if isinstance(background, Blur):
        return _placed(blurred_scene(image, alpha, background), image.shape[1], layout)
    return None


def _cover(picture: Rgb8, height: int, width: int) -> Rgb8:

    from tress.process.geometry import resize

    scale = max(height / picture.shape[0], width / picture.shape[1])
    inner_height = min(picture.shape[0], max(1, round(height / scale)))
    inner_width = min(picture.shape[1], max(1, round(width / scale)))
    top, left = (picture.shape[0] - inner_height) // 2, (picture.shape[1] - inner_width) // 2
    inner = np.ascontiguousarray(picture[top : top + inner_height, left : left + inner_width])
    return resize(inner, height, width)


def _placed(scene: Rgb8, photo_width: int, layout: Layout) -> Rgb8:
    """The small scene on the canvas, where the photo lies; mirrored beyond the photo's border."""
    import cv2

    scale = layout.scale * photo_width / scene.shape[1]
    placed = np.empty((layout.height_px, layout.width_px, 3), np.uint8)
    # In pieces, because OpenCV warps to at most 32767 pixels a side.
    for top in range(0, layout.height_px, _PIECE_PX):
        for left in range(0, layout.width_px, _PIECE_PX):
            piece = placed[top : top + _PIECE_PX, left : left + _PIECE_PX]
            # Pixel centres sit at +0.5.
            shift_x, shift_y = (scale - 1) / 2 + layout.left_px - left, (scale - 1) / 2 + layout.top_px - top
            matrix = np.array([[scale, 0, shift_x], [0, scale, shift_y]], np.float64)
            size = (piece.shape[1], piece.shape[0])
            piece[:] = cv2.warpAffine(scene, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return placed
