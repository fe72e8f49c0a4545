"""How far strokes of the brush get: a robot corrects what is wrong, one stroke after the other.

    make bench-marks DATA=path/to/data

After each answer the robot marks the largest region that is on the wrong side (an alpha beyond one half where the
truth is not, or the other way round) by one stroke: where it is at least half as far from the region's edge as can be.
So it scribbles over the middle, as people do, and never over an edge.  Such robots stand in for people since Xu et al.
2016, "Deep Interactive Object Selection"; the numbers say what strokes are worth, not how well anybody draws.

``applied`` only writes the marks into the first answer; ``tress`` looks for the edge around them anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from benchmarks import machine, schema

from tress.api import Remover
from tress.evaluation.data import LeftOut, Truth, read_data, read_truth
from tress.process.marks import Marks

RESULTS = Path(__file__).parents[1] / "results"
SCHEMA = RESULTS / "marks.schema.json"
# Of the way from a region's edge to its innermost place.
INSIDE = 0.5
# Nobody corrects less than this share of a picture.
SMALLEST = 0.0005

Mask = npt.NDArray[np.bool_]
Alpha = npt.NDArray[np.float32]


def stroke(wrong: Mask) -> Mask | None:
    """The robot's stroke over the largest wrong region; None if that is too small to bother."""
    count, regions, stats, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    if stats[largest, cv2.CC_STAT_AREA] < SMALLEST * wrong.size:
        return None
    room = cv2.distanceTransform((regions == largest).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return room >= INSIDE * room.max()


def score(alpha: Alpha, truth: Truth) -> tuple[float, float]:
    """IoU and MAE where the truth is known."""
    known, true = truth.label.where > 127, truth.label.alpha / np.float32(255)
    pred, inside = (alpha > 0.5) & known, (true > 0.5) & known
    return int((pred & inside).sum()) / max(1, int((pred | inside).sum())), float(np.abs(alpha - true)[known].mean())


def correct(remover: Remover, truth: Truth, strokes: int, *, anew: bool) -> list[tuple[float, float]]:
    """Scores after 0, 1, ... strokes; a picture that needs no more keeps its score."""
    known, inside = truth.label.where > 127, truth.label.alpha > 127
    first = alpha = remover.matte(truth.image).alpha
    keep, clear = (np.zeros(alpha.shape, bool) for _ in range(2))
    scores = [score(alpha, truth)]
    for _ in range(strokes):
        wrong = known & ((alpha > 0.5) != inside)
        found = {True: stroke(wrong & inside), False: stroke(wrong & ~inside)}
        marks, is_inside = max(
            ((marks, side) for side, marks in found.items() if marks is not None),
            key=lambda pair: int(pair[0].sum()),
            default=(None, False),
        )
        if marks is not None:
            (keep if is_inside else clear)[marks] = True
            if anew:
                alpha = remover.matte(truth.image, keep=keep, clear=clear).alpha
            else:
                alpha = Marks(keep.astype(np.float32), clear.astype(np.float32)).apply(first)
        scores.append(score(alpha, truth))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with a manifest.jsonl of labelled photos")
    parser.add_argument("--every", type=int, default=3, help="take every n-th picture of each set")
    parser.add_argument("--strokes", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "marks.json")
    options = parser.parse_args()
    remover = Remover()
    by_set: dict[str, list[dict[str, list[tuple[float, float]]]]] = {}
    seen: dict[str, int] = {}
    for record in read_data(options.data).records:
        seen[record.set] = seen.get(record.set, -1) + 1
        if record.alpha is None or seen[record.set] % options.every:
            continue
        try:
            truth = read_truth(record)
        except LeftOut:
            continue
        if not ((truth.label.alpha > 127) & (truth.label.where > 127)).any():
            continue
        both = {
            name: correct(remover, truth, options.strokes, anew=anew)
            for name, anew in (("tress", True), ("applied", False))
        }
        by_set.setdefault(record.set, []).append(both)
        print(f"{record.set} {record.image.name} {[round(iou, 3) for iou, _ in both['tress']]}", flush=True)
    results = []
    for name in ("tress", "applied"):
        of_sets = np.array([np.mean([one[name] for one in found], 0) for found in by_set.values()])
        for number, (iou, mae) in enumerate(of_sets.mean(0)):
            results.append(
                {"method": name, "strokes": number, "iou": round(float(iou), 4), "mae": round(float(mae), 4)}
            )
    result = {
        "schema": 1,
        "machine": machine.describe(),
        "sets": {name: len(found) for name, found in sorted(by_set.items())},
        "results": results,
    }
    schema.write(result, options.out, SCHEMA)


if __name__ == "__main__":
    main()
