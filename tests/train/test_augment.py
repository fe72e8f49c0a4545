"""Photometric changes of pictures and of layers."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from tress_train.data import augment
from tress_train.data.scenes import RECOLOURED, compose_scene

pytestmark = pytest.mark.train


def test_recolouring_turns_all_hues_alike_and_keeps_greys_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "light_and_colour", lambda image, rng: image)
    colours = np.array([[[180, 100, 100], [100, 180, 100], [140, 140, 140]]], np.uint8)
    for seed in range(8):
        turned = augment.recolour(colours, np.random.default_rng(seed))
        assert turned.dtype == np.uint8
        before, after = (
            [colorsys.rgb_to_hls(*(pixel / 255.0)) for pixel in picture[0, :2]] for picture in (colours, turned)
        )
        turns = [(b[0] - a[0]) % 1 for a, b in zip(before, after, strict=True)]
        assert abs((turns[0] - turns[1] + 0.5) % 1 - 0.5) < 0.03
        assert turned[0, 2] == pytest.approx(140, abs=1)
    assert any((augment.recolour(colours, np.random.default_rng(s)) != colours).any() for s in range(3))


class OneCutout:
    """Pools with one red cut-out and one grey background."""

    hair_share = 0.0

    def cutout(self, rng: np.random.Generator) -> object:
        image = np.zeros((60, 60, 4), np.uint8)
        image[10:50, 10:50] = (200, 40, 40, 255)
        return type("Picture", (), {"image": image})()

    def background(self, cutout: object, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        return np.full((height, width, 3), 128, np.uint8)


def test_some_scenes_show_their_cutout_in_other_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "photometric", lambda image, rng: image)
    other = 0
    for seed in range(60):
        picture, alpha = compose_scene(OneCutout(), 96, 96, np.random.default_rng(seed), strands_share=0.0)  # type: ignore[arg-type]
        red, green, blue = picture[alpha == 255].mean(0)
        other += not (red > 2 * green and red > 2 * blue)
    assert 0.4 * RECOLOURED < other / 60 < RECOLOURED + 0.15
