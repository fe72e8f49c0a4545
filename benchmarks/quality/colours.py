"""Colours in the soft band: the input's own, tress's estimate, blur fusion and pymatting's, against the true ones.

    make bench-colours DATA=path/to/data

Cut-outs with exact alpha and colours (``edge`` ``rgba``, kind ``hair``) are put over backgrounds of the same data;
each method is given the composite and the *true* alpha, so that nothing but the colours is judged.  The error is that
of a new composite: the mean of ``alpha |F - true F|`` over pixels with an alpha between .02 and .98 and over the three
channels, in steps of 255; the new background drops out of it.  Nothing is learned, so training data will do.

``blur fusion`` is Forte 2021 (https://arxiv.org/abs/2006.14970), two passes with radii 90 and 6, written down anew.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks import machine, schema

from tress.evaluation.manifest import read_manifest
from tress.process.composite import over
from tress.process.foreground import estimate_foreground

RESULTS = Path(__file__).parents[1] / "results"
SOFT = (0.02, 0.98)
SCHEMA = RESULTS / "colours.schema.json"

Rgb = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def scenes(data: Path, most: int) -> list[tuple[str, Rgb, Floats, Rgb]]:
    """Name, composite, alpha and true colours of hair cut-outs over backgrounds; which meets which is fixed."""
    records = read_manifest(data / "manifest.jsonl")
    grounds = [record.image for record in records if record.edge == "background"]
    made = []
    for number, record in enumerate([r for r in records if r.edge == "rgba" and r.kind == "hair"][:most]):
        cutout = cv2.cvtColor(cv2.imread(str(record.image), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
        ground = cv2.cvtColor(cv2.imread(str(grounds[(7 * number) % len(grounds)])), cv2.COLOR_BGR2RGB)
        height, width = cutout.shape[:2]
        alpha = cutout[..., 3].astype(np.float32) / 255
        behind = cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA)
        colours = np.ascontiguousarray(cutout[..., :3])
        made.append((record.image.stem, over(colours, alpha, behind), alpha, colours))
    return made


def blur_fusion(image: Rgb, alpha: Floats, radii_px: tuple[int, ...] = (90, 6)) -> Rgb:
    """The published estimator: window means, then what their mix leaves unexplained goes to the foreground."""
    picture, a = image.astype(np.float32), alpha[..., None]
    foreground = background = picture

    def mean(values: Floats, weight: Floats, side: int) -> Floats:
        total = cv2.blur(weight, (side, side))[..., None]
        return cv2.blur(values * weight[..., None], (side, side)) / (total + 1e-5)

    for radius in radii_px:
        side = 2 * radius + 1
        fore, back = mean(foreground, alpha, side), mean(background, 1 - alpha, side)
        foreground = np.clip(fore + a * (picture - a * fore - (1 - a) * back), 0, 255)
        background = back
    return (foreground + 0.5).astype(np.uint8)


def error(colours: Rgb, alpha: Floats, true: Rgb) -> float:
    """Mean absolute error of a new composite within the soft band."""
    soft = (alpha > SOFT[0]) & (alpha < SOFT[1])
    difference = np.abs(colours.astype(np.float32) - true)[soft]
    return float((alpha[soft][:, None] * difference).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl that has cut-outs of hair")
    parser.add_argument("--rembg", type=Path, default=Path(".venv-rembg/bin/python"), help="interpreter with pymatting")
    parser.add_argument("--most", type=int, default=60, help="cut-outs to use")
    parser.add_argument("--out", type=Path, default=RESULTS / "colours.json")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    made = scenes(options.data, options.most)
    ours = {"input's own": lambda image, _: image, "tress": estimate_foreground, "blur fusion": blur_fusion}
    estimates: dict[str, list[Rgb]] = {name: [] for name in [*ours, "pymatting"]}
    seconds = dict.fromkeys(estimates, 0.0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, image, alpha, _ in made:
            np.savez(folder / f"{name}.npz", image=image, alpha=alpha)
            for method, estimate in ours.items():
                started = time.perf_counter()
                estimates[method].append(estimate(image, alpha))
                seconds[method] += time.perf_counter() - started
        command = [options.rembg, Path(__file__).with_name("estimate_pymatting.py"), folder]
        subprocess.run([str(part) for part in command], check=True)
        for name, *_ in made:
            answer = np.load(folder / f"{name}.pymatting.npz")
            estimates["pymatting"].append(answer["foreground"])
            seconds["pymatting"] += float(answer["seconds"])
    megapixels = sum(alpha.size for _, _, alpha, _ in made) / 1e6
    methods = []
    for method, colours in estimates.items():
        found = [error(one, alpha, true) for one, (_, _, alpha, true) in zip(colours, made, strict=True)]
        per_megapixel = round(seconds[method] / megapixels, 4)
        methods.append(
            {"method": method, "error": round(float(np.mean(found)), 3), "seconds_per_megapixel": per_megapixel}
        )
    result = {
        "schema": 1,
        "machine": machine.describe(),
        "versions": {
            "tress": machine.versions(sys.executable, ["tress", "numpy", "opencv-python-headless"]),
            "rembg": machine.versions(options.rembg, ["PyMatting", "numba", "numpy"]),
        },
        "cutouts": len(made),
        "megapixels": round(megapixels, 3),
        "methods": methods,
    }
    schema.write(result, options.out, SCHEMA)


if __name__ == "__main__":
    main()
