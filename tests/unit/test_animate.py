"""Animations, with a network whose answer is known: alpha = red, presence = mean of blue."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tress.animate import animate
from tress.api import Remover
from tress.cli.main import main
from tress.errors import InputError
from tress.io.frames import open_animation
from tress.outputs import parse
from tress.process.steady import steadied

TINY = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"
STEPS = (8, 24, 40)


@pytest.fixture(scope="module")
def remover() -> Remover:
    return Remover(TINY, device="cpu", refine=False)


def frame(left: int, width: int = 96, height: int = 64) -> np.ndarray:
    """A square of subject at ``left``, on blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 2] = 255
    pixels[16:48, left : left + 32, 0] = 255
    return pixels


def film(kind: str, frames: list[np.ndarray] | None = None, **settings: object) -> bytes:
    images = [Image.fromarray(pixels) for pixels in frames or [frame(left) for left in STEPS]]
    stream = io.BytesIO()
    exact = {"lossless": True} if kind == "WEBP" else {}
    played = {"save_all": True, "append_images": images[1:], "duration": [80, 120, 200][: len(images)], "loop": 0}
    images[0].save(stream, kind, **{**played, **exact, **settings})
    return stream.getvalue()


def frames_of(data: bytes) -> tuple[list[np.ndarray], list[int]]:
    pixels, durations = [], []
    with Image.open(io.BytesIO(data)) as movie:
        for number in range(movie.n_frames):
            movie.seek(number)
            pixels.append(np.asarray(movie.convert("RGBA")))
            durations.append(round(movie.info["duration"]))
    return pixels, durations


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("target", ["png", "webp"])
def test_every_frame_is_cut_out_and_shown_as_long(remover: Remover, kind: str, target: str) -> None:
    product = animate(remover, film(kind), parse({"format": target, "lossless": target == "webp"}))
    assert (product.frames, product.format, product.found) == (3, target, True)
    assert (product.width_px, product.height_px) == (96, 64)
    cut, durations = frames_of(product.data)
    assert durations == [80, 120, 200]
    for left, rgba in zip(STEPS, cut, strict=True):
        assert rgba[32, left + 16, 3] == 255
        assert rgba[32, (left + 56) % 96, 3] == 0
        assert rgba[4, 4].tolist() == [0, 0, 0, 0]


def test_all_frames_are_cropped_alike(remover: Remover) -> None:
    product = animate(remover, film("PNG"), parse({"crop": True, "background": "white"}))
    assert product.box is not None
    assert product.box.as_json() == pytest.approx({"left": 8, "top": 16, "width": 64, "height": 32}, abs=3)
    assert (product.width_px, product.height_px) == (product.box.width_px, product.box.height_px)
    assert len({rgba.shape for rgba in frames_of(product.data)[0]}) == 1


def test_stills_are_cut_as_ever(remover: Remover) -> None:
    assert animate(remover, film("PNG", [frame(8)]), parse({})).frames == 1
    with pytest.raises(InputError) as refused:
        animate(remover, b"no picture", parse({}))
    assert refused.value.code == "not_a_picture"


def test_the_hidden_first_picture_of_a_png_is_not_played(remover: Remover) -> None:
    shown = [frame(0), *(frame(left) for left in STEPS)]
    data = film("PNG", shown, default_image=True, duration=[80, 120, 200])
    assert animate(remover, data, parse({})).frames == 3


def test_what_cannot_be_done_is_refused(remover: Remover) -> None:
    with pytest.raises(InputError, match="cannot be written as jpeg"):
        animate(remover, film("GIF"), parse({"format": "jpeg", "background": "white"}))
    small = Remover(TINY, device="cpu", refine=False, max_megapixels=0.01)
    with pytest.raises(InputError) as refused:
        animate(small, film("GIF"), parse({}))
    assert refused.value.code == "picture_too_large"
    torn = film("PNG")
    animation = open_animation(torn[: len(torn) * 2 // 3], max_megapixels=1)
    assert animation is not None
    with pytest.raises(InputError, match="of 3 cannot be read"):
        list(animation)


def test_alpha_is_steady_where_the_picture_stands_still() -> None:
    rng = np.random.default_rng(3)
    still = rng.integers(0, 256, (60, 80, 3)).astype(np.uint8)
    flicker = [np.clip(0.5 + rng.normal(0, 0.1, (60, 80)), 0, 1).astype(np.float32) for _ in range(12)]
    steady = [flicker[0]]
    for alpha in flicker[1:]:
        steady.append(steadied(alpha, still, steady[-1], still))
    change = [np.abs(b - a).mean() for series in (flicker, steady) for a, b in pairwise(series)]
    assert np.mean(change[15:]) < 0.4 * np.mean(change[:11])
    moved = still.copy()
    moved[:, :40] = 255 - moved[:, :40]
    result = steadied(flicker[1], moved, flicker[0], still)
    np.testing.assert_allclose(result[:, :36], flicker[1][:, :36], atol=1e-3)
    assert not np.allclose(result[:, 44:], flicker[1][:, 44:], atol=1e-3)


def test_the_command_line_takes_the_frames_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "walk.gif").write_bytes(film("GIF"))
    words = ["cut", str(tmp_path / "walk.gif"), "--model", str(TINY), "--no-refine", "--json"]
    assert main([*words, "--animation", "-o", str(tmp_path / "walk.webp")]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 3
    assert len(frames_of((tmp_path / "walk.webp").read_bytes())[0]) == 3
    assert main([*words, "-o", str(tmp_path / "first.png")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["frames"] == 1
    assert "several frames" in told["warnings"][0]
