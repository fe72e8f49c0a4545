"""Estimates foreground colours with pymatting's multi-level estimator.  Runs in rembg's environment, which has it.

    python benchmarks/quality/estimate_pymatting.py FOLDER

Reads every ``*.npz`` (``image`` ``(H, W, 3)`` uint8, ``alpha`` ``(H, W)`` float32) and writes ``NAME.pymatting.npz``
with ``foreground`` ``(H, W, 3)`` uint8 and ``seconds``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from pymatting import estimate_foreground_ml


def main() -> None:
    inputs = sorted(path for path in Path(sys.argv[1]).glob("*.npz") if ".pymatting" not in path.name)
    for turn, path in enumerate([inputs[0], *inputs]):
        data = np.load(path)
        started = time.perf_counter()
        found = estimate_foreground_ml(data["image"] / 255.0, data["alpha"].astype(np.float64))
        seconds = time.perf_counter() - started
        # The first one is done twice: the first time numba compiles.
        if turn:
            foreground = (np.clip(found, 0, 1) * 255 + 0.5).astype(np.uint8)
            np.savez(path.with_suffix(".pymatting.npz"), foreground=foreground, seconds=seconds)


if __name__ == "__main__":
    main()
