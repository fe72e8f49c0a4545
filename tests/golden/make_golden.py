"""Writes the golden alphas with the present code and weights: python tests/golden/make_golden.py"""

import importlib.util
from pathlib import Path

import cv2

import tress

HERE = Path(__file__).parent


def main() -> None:
    spec = importlib.util.spec_from_file_location("golden", HERE / "test_golden_alphas.py")
    golden = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(golden)
    remover = tress.Remover(threads=2)
    for photo in sorted(golden.EXAMPLES.glob("*.jpg")):
        alpha = remover.matte(golden.small(photo.stem)).alpha
        cv2.imwrite(str(HERE / f"{photo.stem}.png"), (alpha * 255 + 0.5).astype("uint8"))


if __name__ == "__main__":
    main()
