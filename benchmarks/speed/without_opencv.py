"""What would the steps that OpenCV does cost with Pillow and numpy?  Prints a table and writes JSON.

    python benchmarks/speed/without_opencv.py --json benchmarks/results/without_opencv.json

Every step of a cut-out of a 12 megapixel photo that calls OpenCV, once with it and once with the fastest way found in
Pillow and numpy.  PNG is left to ``png_encoders.py``.  Times are CPU seconds (user and system, all threads), the best
of three, so other load on the machine disturbs them little.  ``difference`` is the mean absolute difference of the two
answers, in levels of 255: where it is not small, the two do not do the same.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import cv2
import numpy as np
from benchmarks.machine import describe
from PIL import Image, ImageFilter

HEIGHT, WIDTH = 3000, 4000
REACH_PX = 31
RADIUS_PX = 8
SIGMA_PX = 20
Step = tuple[Callable[[], np.ndarray], Callable[[], np.ndarray]]


def dilate(mask: np.ndarray, reach_px: int) -> np.ndarray:
    """Maximum over a square, by doubling windows along each axis."""
    for axis in (0, 1):
        border = [(reach_px, reach_px) if a == axis else (0, 0) for a in (0, 1)]
        padded, have, want = np.pad(mask, border), 1, 2 * reach_px + 1
        while have < want:
            step = min(have, want - have)
            count = padded.shape[axis] - step
            padded = np.maximum(padded.take(range(count), axis), padded.take(range(step, count + step), axis))
            have += step
        mask = padded
    return mask


def box(plane: np.ndarray, radius_px: int) -> np.ndarray:
    """Mean over a square, by running sums in double precision: single loses digits over long rows."""
    side = 2 * radius_px + 1
    padded = np.pad(plane, radius_px, mode="edge").astype(np.float64)
    for axis in (0, 1):
        sums = np.insert(padded.cumsum(axis), 0, 0, axis)
        count = sums.shape[axis] - side
        padded = sums.take(range(side, count + side), axis) - sums.take(range(count), axis)
    return (padded / side**2).astype(np.float32)


def steps() -> dict[str, Step]:
    random = np.random.default_rng(0)
    photo = cv2.resize(random.integers(0, 256, (300, 400, 3), np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    alpha = np.ascontiguousarray(photo[::8, ::8, 0] / np.float32(255))
    band = (cv2.resize(alpha, (WIDTH, HEIGHT)) > 0.9).astype(np.uint8) * 255
    rgba = np.dstack([photo, band])
    plane = alpha[:512, :512] * 255
    move = np.array([[0.9, 0, 100.0], [0, 0.9, 50.0]])
    # Pillow maps from target to source, and counts from the corner of a pixel.
    back = (1 / 0.9, 0, -100 / 0.9 + 0.5 * (1 - 1 / 0.9), 0, 1 / 0.9, -50 / 0.9 + 0.5 * (1 - 1 / 0.9))
    # As RGBA, Pillow would premultiply the colours.
    channels = Image.frombytes("RGBX", (WIDTH, HEIGHT), rgba.tobytes())
    side = (2 * RADIUS_PX + 1,) * 2
    return {
        "photo to 512 px for the locator": (
            lambda: cv2.resize(photo, (512, 384), interpolation=cv2.INTER_AREA),
            lambda: np.asarray(Image.fromarray(photo).resize((512, 384), Image.Resampling.BOX)),
        ),
        "alpha back to the photo's size": (
            lambda: 255 * cv2.resize(alpha, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR),
            lambda: 255 * np.asarray(Image.fromarray(alpha).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)),
        ),
        "unknown band, widened": (
            lambda: cv2.dilate(band, np.ones((2 * REACH_PX + 1,) * 2, np.uint8)),
            lambda: dilate(band, REACH_PX),
        ),
        "colours: box means of a hundred planes": (
            lambda: np.stack([cv2.blur(plane, side, borderType=cv2.BORDER_REPLICATE) for _ in range(100)]),
            lambda: np.stack([box(plane, RADIUS_PX) for _ in range(100)]),
        ),
        "feather and shadow: Gaussian": (
            lambda: cv2.GaussianBlur(band, (0, 0), SIGMA_PX, borderType=cv2.BORDER_REPLICATE),
            lambda: np.asarray(Image.fromarray(band).filter(ImageFilter.GaussianBlur(SIGMA_PX))),
        ),
        "placing: affine map of RGBA": (
            lambda: cv2.warpAffine(rgba, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR),
            lambda: np.asarray(
                channels.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, back, Image.Resampling.BILINEAR)
            ),
        ),
    }


def cpu_s(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    best = float("inf")
    for _ in range(3):
        before = time.process_time()
        answer = call()
        best = min(best, time.process_time() - before)
    return best, np.asarray(answer, np.float32)


def installed_bytes(package: str) -> int:
    files = distribution(package).files or []
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    for name, (opencv, without) in steps().items():
        (fast, one), (slow, two) = cpu_s(opencv), cpu_s(without)
        difference = float(np.abs(one - two).mean())
        rows.append(
            {
                "step": name,
                "opencv_cpu_s": round(fast, 3),
                "without_cpu_s": round(slow, 3),
                "difference": round(difference, 2),
            }
        )
        print(f"{name:40} {fast:8.3f} {slow:8.3f} {difference:8.2f}", flush=True)
    if options.json:
        sizes = {name: installed_bytes(name) for name in ("opencv-python-headless", "onnxruntime", "numpy", "pillow")}
        versions = {"opencv": cv2.__version__, "numpy": np.__version__, "pillow": Image.__version__}
        report = {"machine": describe(), "versions": versions, "installed_bytes": sizes, "rows": rows}
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
