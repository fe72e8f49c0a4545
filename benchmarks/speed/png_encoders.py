"""Which PNG encoder, filter and level balance size and time for a cut-out?  Prints a table and writes JSON.

    python benchmarks/speed/png_encoders.py examples/lemur.jpg --json benchmarks/results/png_encoders.json

The cut-out is the picture scaled up, with a soft elliptic matte and hidden colours set to zero, as the program writes
it.  Times are CPU seconds (user and system, all threads) of one run, so other load on the machine disturbs them little.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, features


def cutout(path: Path, megapixels: float) -> np.ndarray:
    """``(H, W, 4)`` uint8 RGBA, straight alpha."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    scale = (megapixels * 1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # Enlarging removes the noise that real photos of this size have and that costs an encoder most.
    noise = np.random.default_rng(0).normal(0, 2.0, rgb.shape)
    rgb = np.clip(rgb + noise, 0, 255).astype(np.uint8)
    height, width = rgb.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    alpha = np.clip((0.75 - np.hypot(x, y)) * 40, 0, 1)
    rgba = np.dstack([rgb, np.round(alpha * 255).astype(np.uint8)])
    rgba[rgba[..., 3] == 0] = 0
    return rgba


def pillow(level: int) -> Callable[[np.ndarray], bytes]:
    def run(pixels: np.ndarray) -> bytes:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "PNG", compress_level=level)
        return out.getvalue()

    return run


def opencv(*flags: int) -> Callable[[np.ndarray], bytes]:
    def run(pixels: np.ndarray) -> bytes:
        bgra = cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGRA)
        return cv2.imencode(".png", bgra, list(flags))[1].tobytes()

    return run


def own(filter_type: int, level: int, strategy: int) -> Callable[[np.ndarray], bytes]:
    """One filter for all rows, made by numpy, and the zlib of the standard library."""

    def run(pixels: np.ndarray) -> bytes:
        height, width, channels = pixels.shape
        rows = np.zeros((height, 1 + width * channels), np.uint8)
        rows[:, 0] = filter_type
        body = rows[:, 1:].reshape(height, width, channels)
        body[:] = pixels
        if filter_type == 1:
            body[:, 1:] -= pixels[:, :-1]
        elif filter_type == 2:
            body[1:] -= pixels[:-1]
        packer = zlib.compressobj(level, zlib.DEFLATED, 15, 9, strategy)
        data = packer.compress(rows) + packer.flush()

        def chunk(kind: bytes, content: bytes) -> bytes:
            return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")

    return run


def candidates() -> dict[str, Callable[[np.ndarray], bytes]]:
    found: dict[str, Callable[[np.ndarray], bytes]] = {}
    for level in range(1, 7):
        found[f"pillow level {level}"] = pillow(level)
    found["opencv default"] = opencv()
    level_flag, strategy_flag, filter_flag = cv2.IMWRITE_PNG_COMPRESSION, cv2.IMWRITE_PNG_STRATEGY, 0
    filter_flag = getattr(cv2, "IMWRITE_PNG_FILTER", 0)
    strategies = {"default": 0, "filtered": 1, "huffman": 2, "rle": 3}
    for level in (1, 2, 3, 4, 6):
        for name, strategy in strategies.items():
            if level > 1 and name in ("huffman", "rle"):
                continue  # these two ignore the level
            found[f"opencv level {level} {name}"] = opencv(level_flag, level, strategy_flag, strategy)
    if filter_flag:
        filters = {
            "sub": cv2.IMWRITE_PNG_FILTER_SUB,
            "up": cv2.IMWRITE_PNG_FILTER_UP,
            "avg": cv2.IMWRITE_PNG_FILTER_AVG,
            "paeth": cv2.IMWRITE_PNG_FILTER_PAETH,
            "all": cv2.IMWRITE_PNG_ALL_FILTERS,
        }
        for name, value in filters.items():
            for strategy_name in ("rle", "filtered"):
                flags = (level_flag, 1, strategy_flag, strategies[strategy_name], filter_flag, value)
                found[f"opencv level 1 {strategy_name}, filter {name}"] = opencv(*flags)
    for name, filter_type in (("sub", 1), ("up", 2)):
        found[f"numpy {name} + zlib level 1"] = own(filter_type, 1, zlib.Z_DEFAULT_STRATEGY)
        found[f"numpy {name} + zlib rle"] = own(filter_type, 1, zlib.Z_RLE)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pixels = cutout(options.picture, options.megapixels)
    rows = []
    print(f"{'encoder':44} {'CPU s':>7} {'MB':>7}")
    for name, encode in candidates().items():
        before = os.times()
        data = encode(pixels)
        after = os.times()
        seconds = after.user + after.system - before.user - before.system
        decoded = np.asarray(Image.open(io.BytesIO(data)))
        assert np.array_equal(decoded, pixels), name
        rows.append({"encoder": name, "cpu_s": round(seconds, 2), "megabytes": round(len(data) / 1e6, 2)})
        print(f"{name:44} {seconds:7.2f} {len(data) / 1e6:7.2f}", flush=True)
    if options.json:
        versions = {
            "pillow": Image.__version__,
            "pillow_zlib_ng": features.version_feature("zlib_ng"),
            "opencv": cv2.__version__,
            "zlib": zlib.ZLIB_RUNTIME_VERSION,
            "machine": platform.machine(),
        }
        report = {"picture": options.picture.name, "shape": list(pixels.shape), "versions": versions, "rows": rows}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
