"""Cut-outs from photos: subjects that tress finds as the label says, for composites before other backgrounds.

Cut-outs with exact alpha are rare; photos with a label are not.  Where tress and the label agree, the subject is cut
out with the alpha and the colours that tress estimates.  Of its photo that alpha is only an estimate, but a composite
made with it has, by construction, exactly this alpha (as copy-paste augmentation has it: Ghiasi et al. 2021, "Simple
Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation").

Where the label is exact already, as of a render, it is taken as it is.  Where it was drawn by a network that sees
finer than tress does, its edge may be kept as well; tress then only has to find the same subject.

Left out are subjects that the photo's frame cuts on a side or at the top, those that are small, and those that are
see-through where they should not be.  The pictures that gates look at are never cut out.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.evaluation.predictors import Predictor
from tress.process.confidence import expected_iou
from tress.process.foreground import estimate_foreground
from tress.process.labels import Label, edge_band, make_label
from tress_train.data.collection import MANIFEST
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.overlap import SAME_PHOTO
from tress_train.data.reading import read_alpha, read_rgb, shrink, trim_clear
from tress_train.data.sources import CUT_OUT
from tress_train.labels.distil import agree, write_png, write_rows

Image = npt.NDArray[np.uint8]
# IoU with the known part of the label, and what the alpha itself expects of its mask.
AGREES, DECIDED = 0.96, 0.95
# The same where the label keeps its own edge, of which tress may see less.
AGREES_ON_SUBJECT = 0.93
# Share of a side of the frame that the subject may touch.
TOUCHES = 0.03
# Share of the subject that may be half transparent further from both sides than an edge is wide.
HAZE = 0.01
# Width of an edge, relative to the picture's long side; nearer to it a label has nothing to say.
EDGE_SHARE = 0.02
SMALLEST_PX = 160
# An alpha this close to 0 or 255 counts as that.
NOTHING = 13
MAX_SIDE_PX = 768


def cut_out_all(
    records: Mapping[str, Record],
    predictor: Predictor,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    keep_edge: bool = False,
) -> Path:
    """Cuts the subjects of photos out and writes ``OUT/manifest.jsonl``, a data folder of its own.

    Args:
        records: pictures by key; those without a label, and cut-outs, are left out.
        predictor: finds the subject.
        out: the folder; it must not hold a manifest.
        progress: is told how many of how many are done.
        keep_edge: as of ``cut_out``.

    Raises:
        InputError: no picture gives a cut-out, a picture is damaged, or a manifest is there.
    """
    if (out / MANIFEST).exists():
        raise InputError("output_exists", f"{out / MANIFEST} is there already", hint="name another folder")
    frozen = source_keys(read_gates()) | set(SAME_PHOTO)
    labelled = {
        key: record
        for key, record in records.items()
        if record.alpha is not None and record.edge != "rgba" and key not in frozen
    }
    rows = []
    for done, (key, record) in enumerate(sorted(labelled.items())):
        cutout = cut_out(key, record, predictor, keep_edge=keep_edge)
        if cutout is not None:
            path = out / "cutouts" / record.set / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.png"
            write_png(path, cv2.cvtColor(cutout, cv2.COLOR_RGBA2BGRA))
            rows.append(
                {
                    "image": os.path.relpath(path, out),
                    "set": record.set + CUT_OUT,
                    "kind": record.kind,
                    "edge": "rgba",
                    "ignore_px": 0,
                }
            )
        if progress is not None:
            progress(done + 1, len(labelled))
    if not rows:
        raise InputError(
            "no_cutouts",
            f"of {len(labelled)} pictures with a label none gives a cut-out that can be trusted",
            hint=f"the whole subject must be in the picture, at least {SMALLEST_PX} px large, and its label be right",
        )
    return write_rows(rows, out)


def cut_out(key: str, record: Record, predictor: Predictor, *, keep_edge: bool = False) -> Image | None:
    """The subject of one photo; None if it cannot be trusted.

    Args:
        key: the photo's.
        record: a photo with a label.
        predictor: finds the subject.
        keep_edge: the edge is the label's; else tress draws it.

    Returns:
        ``(h, w, 4)`` uint8, straight alpha, without clear margins, at most ``MAX_SIDE_PX`` long.

    Raises:
        InputError: a file is damaged, or the label does not have the size of its picture.
    """
    image, label = read_labelled(record)
    if label is None:
        return None
    if record.edge == "exact":
        alpha: Image | None = label.alpha
    elif keep_edge:
        alpha = _own_edge(key, image, label, predictor)
    else:
        alpha = _drawn_edge(key, image, label, predictor)
    if alpha is None or not stands_alone(alpha):
        return None
    colours = estimate_foreground(image, np.divide(alpha, 255, dtype=np.float32))
    cutout = trim_clear(np.dstack([colours, alpha]))
    return cutout if max(cutout.shape[:2]) >= SMALLEST_PX else None


def read_labelled(record: Record) -> tuple[Image, Label | None]:
    """A photo ``(H, W, 3)`` uint8, at most ``MAX_SIDE_PX`` long, and its label, None if that says nothing.

    Raises:
        InputError: a file is damaged, or the label does not have the size of its picture.
    """
    assert record.alpha is not None
    image, drawn = read_rgb(record.image), read_alpha(record.alpha)
    if drawn.shape != image.shape[:2]:
        raise InputError("alpha_size", f"{record.alpha} does not have the size of its picture")
    scale = min(1.0, MAX_SIDE_PX / max(drawn.shape))
    label = make_label(shrink(drawn, MAX_SIDE_PX), record.edge, math.ceil(record.ignore_px * scale))
    return shrink(image, MAX_SIDE_PX), label


def _drawn_edge(key: str, image: Image, label: Label, predictor: Predictor) -> Image | None:
    """What the label says, with an edge as tress draws it; None unless both agree and the subject is decided."""
    alpha = (predictor.predict(key, image).alpha * 255 + 0.5).astype(np.uint8)
    edge_px = max(4, round(EDGE_SHARE * max(alpha.shape)))
    known, inside = label.where > 127, label.alpha > 127
    if not agree(known & inside, known & (alpha > 127), AGREES) or not (known & inside).any():
        return None
    # What label and tress see differently in spite of that: the label's, but for the edge, which tress draws.
    told = known & ~edge_band(inside.astype(np.uint8), edge_px)
    alpha = np.where(told, label.alpha, alpha)
    return alpha if is_decided(alpha, edge_px) else None


def _own_edge(key: str, image: Image, label: Label, predictor: Predictor) -> Image | None:
    """The label's alpha; None unless tress finds the same subject, and the label is decided."""
    found = predictor.predict(key, image).alpha > 0.5
    known, inside = label.where > 127, label.alpha > 127
    if not agree(known & inside, known & found, AGREES_ON_SUBJECT) or not (known & inside).any():
        return None
    clear, solid = label.alpha <= NOTHING, label.alpha >= 255 - NOTHING
    alpha = np.where(clear, 0, np.where(solid, 255, label.alpha)).astype(np.uint8)
    return alpha if is_decided(alpha, max(4, round(EDGE_SHARE * max(alpha.shape)))) else None


def stands_alone(alpha: Image) -> bool:
    """Whether the frame cuts the subject at the lower side at most, as it does a bust."""
    return all((side > NOTHING).mean() <= TOUCHES for side in (alpha[0], alpha[:, 0], alpha[:, -1]))


def is_decided(alpha: Image, edge_px: int) -> bool:
    """Whether an alpha ``(H, W)`` uint8 is 0 or 255 but for edges, hair and fur."""
    clear, solid = alpha <= NOTHING, alpha >= 255 - NOTHING
    reach = np.ones((2 * edge_px + 1,) * 2, np.uint8)
    near_both = cv2.dilate(clear.astype(np.uint8), reach) & cv2.dilate(solid.astype(np.uint8), reach)
    haze = ~clear & ~solid & (near_both == 0)
    return bool(
        haze.sum() <= HAZE * (alpha > 127).sum() and expected_iou(np.divide(alpha, 255, dtype=np.float32)) >= DECIDED
    )
