"""Memory of one process over many pictures: python benchmarks/speed/steady_memory.py [--pictures 1000]

Cuts out the example photos again and again, at sizes and aspects that change from picture to picture, through the whole
pipeline from JPEG bytes to PNG bytes, and records the resident memory.  Flat means: the median of the last tenth is at
most 5 % above the median of the second tenth.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from pathlib import Path

import cv2
import numpy as np

import tress
from tress.outputs import OutputOptions
from tress.produce import produce

ROOT = Path(__file__).parents[2]


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--long-side", type=int, default=640, help="largest long side in px")
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    photos = [cv2.imread(str(path)) for path in sorted((ROOT / "examples").glob("*.jpg"))]
    remover = tress.Remover(threads=arguments.threads)
    memory = []
    for number in range(arguments.pictures):
        photo = photos[number % len(photos)]
        scale = arguments.long_side / max(photo.shape) * rng.uniform(0.5, 1, 2)
        picture = cv2.resize(photo, None, fx=scale[0], fy=scale[1], interpolation=cv2.INTER_AREA)
        produce(remover, cv2.imencode(".jpg", picture)[1].tobytes(), OutputOptions())
        memory.append(resident_mb())
    tenth = max(1, len(memory) // 10)
    early, late = statistics.median(memory[tenth : 2 * tenth]), statistics.median(memory[-tenth:])
    result = {
        "pictures": len(memory),
        "long_side_px": arguments.long_side,
        "first_mb": round(memory[0]),
        "second_tenth_mb": round(early),
        "last_tenth_mb": round(late),
        "peak_mb": round(max(memory)),
        "growth": round(late / early - 1, 4),
        "flat": late <= 1.05 * early,
        "versions": {"tress": tress.__version__, "python": platform.python_version(), "numpy": np.__version__},
    }
    target = ROOT / "benchmarks" / "results" / "steady_memory.json"
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
