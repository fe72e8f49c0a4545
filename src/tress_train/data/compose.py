"""Putting cut-outs with exact alpha onto backgrounds."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize, warp

# Colours under clear pixels are only a guess, so a coarse grid is good enough for them.
_FILL_STEP = 8
_CLEAR = 1e-2
# Least and greatest size of subjects, and of what stands behind them; 1 fits the canvas.
ZOOM, ZOOM_BEHIND = (0.2, 1.5), (0.25, 0.9)

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Composite(NamedTuple):
    """A composite with everything it was made of, before photometric changes.

    image: ``(H, W, 3)`` uint8.  alpha: ``(H, W)`` uint8.  foreground, background: ``(H, W, 3)`` uint8, so that
    ``image = alpha * foreground + (1 - alpha) * background``; the background carries the shadows.
    """

    image: Image
    alpha: Image
    foreground: Image
    background: Image


def plain_background(height_px: int, width_px: int, rng: np.random.Generator) -> Image:
    """A studio backdrop: one colour, or a smooth gradient of two, ``(H, W, 3)`` uint8."""
    first = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, rng.integers(90, 256))
    second = np.clip(first + rng.normal(0, 35, 3), 0, 255)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    ramp = (x / width_px - 0.5) * np.cos(angle) + (y / height_px - 0.5) * np.sin(angle) + 0.5
    ramp = np.clip(ramp, 0, 1)[..., None] if rng.random() < 0.6 else np.zeros((height_px, width_px, 1))
    return (first * (1 - ramp) + second * ramp).astype(np.uint8)


def uneven_light(background: Image, rng: np.random.Generator) -> Image:
    """Light and shade of things out of the picture: a window, leaves, a lamp.  ``(H, W, 3)`` uint8 in and out.

    A smooth random field, at times with the edges of hard shadows, by which the light is stronger or weaker, and a
    little warmer or cooler.
    """
    height, width = background.shape[:2]
    coarse = rng.standard_normal(rng.integers(2, 8, 2)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        field = np.tanh(field * np.float32(np.exp(rng.uniform(1, 3.5))))
    strength = rng.uniform(0.1, 0.6) * (1 + rng.normal(0, 0.15, 3)).astype(np.float32)
    light = np.exp(np.clip(field, -2, 2)[..., None] * strength)
    return np.clip(background * light / max(1.0, float(light.mean())) + 0.5, 0, 255).astype(np.uint8)


def near_colour(background: Image, layer: Floats, rng: np.random.Generator) -> Image:
    """Moves a background's mean colour most of the way to the mean colour of a premultiplied layer.

    The texture of the background stays.  A layer without a visible pixel changes nothing.
    """
    weight = layer[..., 3].sum()
    if weight < 1:
        return background
    subject = layer[..., :3].sum((0, 1)) / weight * 255
    shift = (subject - background.mean((0, 1))) * rng.uniform(0.6, 1.0) + rng.normal(0, 6, 3)
    return np.clip(background + shift, 0, 255).astype(np.uint8)


def out_of_focus(background: Image, layer: Floats, rng: np.random.Generator) -> Image:
    """A background with a bystander in it: a thing as such, but blurred as what lies far behind the subject.

    Args:
        background: ``(H, W, 3)`` uint8.
        layer: the bystander, ``(H, W, 4)`` float32, premultiplied.
        rng: source of chance.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    # Wider than any blur or softness that a whole picture gets, so that sharpness tells subject and ground apart.
    sigma = rng.uniform(0.01, 0.03) * max(background.shape)
    blurred = cv2.GaussianBlur(layer, (0, 0), sigma)
    shaded = background / np.float32(255) * (1 - blurred[..., 3:])
    return _to_bytes(shaded + blurred[..., :3] * np.float32(np.exp(rng.normal(-0.1, 0.2))))


def place(
    cutout: Image,
    height_px: int,
    width_px: int,
    rng: np.random.Generator,
    *,
    grounded: bool,
    zoom: tuple[float, float] = ZOOM,
    cut: float = 0.0,
) -> Floats:
    """Scales, turns, mirrors and moves a straight RGBA cut-out onto an empty canvas.

    Args:
        cutout: ``(h, w, 4)`` uint8, straight alpha.
        grounded: the cut-out ends at its lower edge (a bust) and must touch the lower edge of the canvas.
        zoom: least and greatest size, where 1 fits the canvas.
        cut: share of the cut-out that the canvas cuts off at one side; 0 leaves it to chance.

    Returns:
        ``(H, W, 4)`` float32 in [0, 1], **premultiplied**, so that resampling mixes no hidden colours.
    """
    premultiplied = cutout.astype(np.float32) / 255
    premultiplied[..., :3] *= premultiplied[..., 3:]
    h, w = cutout.shape[:2]
    scale = min(height_px / h, width_px / w) * np.exp(rng.uniform(*np.log(zoom)))
    angle = 0.0 if grounded else np.radians(rng.normal(0, 12))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = scale * np.array([[np.cos(angle) * flip, -np.sin(angle)], [np.sin(angle) * flip, np.cos(angle)]])
    x = rng.uniform(0.2, 0.8) * width_px
    y = height_px - scale * h / 2 if grounded else rng.uniform(0.25, 0.75) * height_px
    if cut:
        first = rng.random() < 0.5
        if grounded or rng.random() < 0.5:
            x = scale * w * (0.5 - cut) if first else width_px - scale * w * (0.5 - cut)
        else:
            y = scale * h * (0.5 - cut) if first else height_px - scale * h * (0.5 - cut)
    shift = np.array([x, y]) - turn @ np.array([w / 2, h / 2])
    matrix = np.column_stack([turn, shift])
    return warp(premultiplied, matrix, height_px, width_px, border=(0, 0, 0, 0))


def shadow_of(alpha: Floats, rng: np.random.Generator) -> Floats:
    """A soft cast shadow, ``(H, W)`` float32 in [0, 1]: how much of the background's light it takes."""
    height, width = alpha.shape
    shift = np.array([[1, 0, rng.normal(0, 0.04) * width], [0, 1, abs(rng.normal(0, 0.04)) * height]])
    moved = cv2.warpAffine(alpha, shift, (width, height))
    blurred = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.01, 0.04) * width)
    return blurred * np.float32(rng.uniform(0.1, 0.5))


def cast_shadow_of(alpha: Floats, rng: np.random.Generator) -> Floats:
    """The shadow of a low light on the ground that the subject stands on, ``(H, W)`` float32 in [0, 1].

    Its outline, flattened and slanted about its lowest row, behind it or before it; nothing where nothing is subject.
    """
    height, width = alpha.shape
    rows = np.flatnonzero((alpha > 0.5).any(1))
    if not len(rows):
        return np.zeros_like(alpha)
    foot, length = float(rows[-1]), rng.uniform(0.15, 0.7) * rng.choice((-1.0, 1.0))
    slant = rng.uniform(-1.5, 1.5)
    lie_down = np.array([[1, -slant, slant * foot], [0, length, (1 - length) * foot]])
    fallen = cv2.warpAffine(alpha, lie_down, (width, height))
    blurred = cv2.GaussianBlur(fallen, (0, 0), rng.uniform(0.002, 0.012) * width)
    return blurred * np.float32(rng.uniform(0.25, 0.7))


def compose(
    background: Image, layers: list[Floats], rng: np.random.Generator, *, cast_shadows: float = 0.0
) -> tuple[Image, Image]:
    """Puts premultiplied layers over a background, sometimes with a shadow.

    Args:
        background: ``(H, W, 3)`` uint8.
        layers: ``(H, W, 4)`` float32 each, the first at the back.
        rng: source of chance.
        cast_shadows: share of the layers that cast a shadow on the ground.

    Returns:
        The picture ``(H, W, 3)`` uint8 and its exact alpha ``(H, W)`` uint8.
    """
    picture, subject = _stack(background, layers, rng, cast_shadows)
    return _to_bytes(picture * (1 - subject[..., 3:]) + subject[..., :3]), _to_bytes(subject[..., 3])


def compose_with_colours(
    background: Image, layers: list[Floats], rng: np.random.Generator, *, cast_shadows: float = 0.0
) -> Composite:
    """As ``compose``, with the true colours of foreground and background."""
    shaded, subject = _stack(background, layers, rng, cast_shadows)
    picture = shaded * (1 - subject[..., 3:]) + subject[..., :3]
    return Composite(
        _to_bytes(picture), _to_bytes(subject[..., 3]), _to_bytes(true_foreground(subject)), _to_bytes(shaded)
    )


def true_foreground(premultiplied: Floats) -> Floats:
    """Straight colours of a premultiplied ``(H, W, 4)`` layer, ``(H, W, 3)``.

    Where the layer is clear it has no colour; there the colours nearby are continued, ever wider, so that a network
    that takes background for subject is compared with a plausible colour instead of black.
    """
    height, width = premultiplied.shape[:2]
    small = resize(premultiplied, max(1, height // _FILL_STEP), max(1, width // _FILL_STEP))
    reach = 3
    while (clear := small[..., 3] < _CLEAR).any() and reach < 4 * max(small.shape):
        blurred = cv2.blur(small, (reach, reach))
        found = clear & (blurred[..., 3] > 1e-4)
        small[found] = blurred[found] / blurred[found][:, 3:]
        reach = 2 * reach + 1
    nearby = resize(small[..., :3] / np.maximum(small[..., 3:], _CLEAR), height, width)
    alpha = premultiplied[..., 3:]
    own = premultiplied[..., :3] / np.maximum(alpha, _CLEAR)
    return np.asarray(np.where(alpha < _CLEAR, nearby, own), np.float32)


def _stack(
    background: Image, layers: list[Floats], rng: np.random.Generator, cast_shadows: float
) -> tuple[Floats, Floats]:
    """The background with all shadows, and all layers merged into one premultiplied layer.

    A later layer's shadow falls on the layers before it as well.
    """
    shaded: Floats = np.asarray(background / np.float32(255), np.float32)
    subject: Floats = np.zeros((*background.shape[:2], 4), np.float32)
    for layer in layers:
        shadows = [shadow_of] if rng.random() < 0.3 else []
        # Asked in this order, mixes without such shadows give the samples that they always gave.
        if cast_shadows > 0 and rng.random() < cast_shadows:
            shadows.append(cast_shadow_of)
        for shadow in shadows:
            light = 1 - shadow(layer[..., 3], rng)[..., None]
            shaded = shaded * light
            subject[..., :3] *= light
        colours = layer[..., :3] * np.float32(np.exp(rng.normal(0, 0.15)))
        lit = np.dstack([np.minimum(colours, layer[..., 3:]), layer[..., 3]])
        subject = lit + subject * (1 - layer[..., 3:])
    return shaded, subject


def _to_bytes(x: Floats) -> Image:
    return (np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8)
