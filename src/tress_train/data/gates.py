"""The frozen pictures that gates look at: which they are, how the list was made, and how they are read.

They are held back from the training pictures by a hash of their key, so the validation pictures stay unseen until
the release is scored.  Only labels that a person or a renderer made are used: a gate against a teacher's opinion would
measure agreement with the teacher.  Cut-outs that are held back are put on held-back backgrounds by a rule that
knows no chance, so a composite is fully named by its key:

- ``CUTOUT@BACKGROUND``: over a photo;
- ``CUTOUT@far`` and ``CUTOUT@near``: over one colour far from or near to the subject's mean colour.

The very first gate, ``first_case``, is no rung of the ladder: one person of light skin and dark hair on a plain ground,
chosen by eye (``lists.json``), since no measure knows skin and hair.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.geometry import resize
from tress.process.labels import Edge, Label, make_label
from tress_train.data.collection import by_hash, held_back
from tress_train.data.difficulty import measure_label
from tress_train.data.lists import read_lists
from tress_train.data.reading import read_alpha, read_rgb, read_rgba, shrink_rgba
from tress_train.recipes.stages import LADDER

LIST = Path(__file__).parent / "gates.json"
COMPOSITE_PX = 512
# Of photos, and of the rarer cut-outs and backgrounds.
PHOTO_SHARE, CUTOUT_SHARE, BACKGROUND_SHARE = 0.25, 0.15, 0.1
# Low-resolution pictures are learned from but say little about what a network can do.
TOO_SMALL = ("oxford-pets-128",)
MOST = 40
FIRST_CASE, FIRST_CASE_HELD_BACK = "first_case", "first_case_held_back"

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Target:
    """A picture ``(H, W, 3)`` uint8 RGB with what is known about its alpha."""

    key: str
    set: str
    image: npt.NDArray[np.uint8]
    label: Label


def read_gates(path: Path = LIST) -> dict[str, list[str]]:
    """The frozen list: keys by subset."""
    subsets: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return subsets


def source_keys(subsets: Mapping[str, Sequence[str]]) -> set[str]:
    """Keys of all training pictures that the subsets are made of: these are never trained on."""
    return {part for keys in subsets.values() for key in keys for part in key.split("@") if part not in ("far", "near")}


def found_in(subsets: Mapping[str, Sequence[str]], records: Mapping[str, Record]) -> dict[str, list[str]]:
    """The subsets with the keys that these records have: in a later folder they begin with the folder's name.

    Pictures that are not among the records keep their key.
    """
    names = {key.partition("/")[2]: key for key in records}

    def known(part: str) -> str:
        return part if part in records else names.get(part, part)

    return {name: ["@".join(map(known, key.split("@"))) for key in keys] for name, keys in subsets.items()}


def build_gates(records: Mapping[str, Record]) -> dict[str, list[str]]:
    """Chooses and measures the held-back pictures and sorts them into the rungs of the ladder.

    Args:
        records: the training pictures by key.

    Returns:
        Keys by subset, at most ``MOST`` each, chosen by hash.
    """
    photos = [
        key
        for key, record in records.items()
        if record.edge in ("hard", "soft", "exact") and record.set not in TOO_SMALL and held_back(key, PHOTO_SHARE)
    ]
    cutouts = [key for key, record in records.items() if record.edge == "rgba" and held_back(key, CUTOUT_SHARE)]
    grounds = [
        key for key, record in records.items() if record.edge == "background" and held_back(key, BACKGROUND_SHARE)
    ]
    keys = list(photos)
    for i, cutout in enumerate(sorted(cutouts)):
        keys += [f"{cutout}@far", f"{cutout}@near"]
        if grounds:
            keys += [f"{cutout}@{sorted(grounds)[(2 * i + j) % len(grounds)]}" for j in range(2)]
    subsets: dict[str, list[str]] = {name: [] for name, _ in LADDER}
    chosen = set(read_lists()[FIRST_CASE_HELD_BACK])
    for key in by_hash(keys):
        if source_keys({"": [key]}) & chosen:
            continue
        image, alpha, edge, ignore_px = _read(key, records)
        difficulty = measure_label(image, alpha, edge, ignore_px)
        name = next((name for name, limits in LADDER if limits.admits(difficulty)), None)
        if difficulty.subjects and name is not None and len(subsets[name]) < MOST:
            subsets[name].append(key)
    first = sorted(f"{key}@far" for key in chosen if key in records)
    return {FIRST_CASE: first, **{name: sorted(found) for name, found in subsets.items()}}


def on_ground(cutout: str, grounds: Sequence[str]) -> str:
    """The key of one composite of a cut-out: three times of four over a photo, else over a colour near its own."""
    draw = int(hashlib.sha256(f"ground of {cutout}".encode()).hexdigest()[:8], 16)
    return f"{cutout}@{grounds[draw // 4 % len(grounds)] if grounds and draw % 4 else 'near'}"


def read_targets(keys: Sequence[str], records: Mapping[str, Record]) -> Iterator[Target]:
    """Decodes gate or validation pictures one after the other; labels that say nothing are left out.

    Raises:
        InputError: a picture is not in the data, or damaged.
    """
    check_present(keys, records)
    for key in keys:
        image, alpha, edge, ignore_px = _read(key, records)
        label = make_label(alpha, edge, ignore_px)
        if label is not None:
            first = key.split("@")[0]
            yield Target(key, "composite" if "@" in key else records[first].set, image, label)


def check_present(keys: Sequence[str], records: Mapping[str, Record]) -> None:
    """Raises InputError if pictures that ``keys`` are made of are not in the data."""
    missing = [key for key in keys if any(part not in records for part in source_keys({"": [key]}))]
    if missing:
        raise InputError(
            "gate_pictures_missing",
            f"{len(missing)} pictures of the gates are not in the data, among them {missing[0]}",
            hint="point --data to the data the gates were made from, or give the recipe gates on the subset 'own'",
        )


def _read(key: str, records: Mapping[str, Record]) -> tuple[Image, Image, Edge, int]:
    cutout_key, at, ground = key.partition("@")
    record = records[cutout_key]
    # A cut-out without a background is shown on a plain one: what its clear pixels hide is no picture.
    if at or record.edge == "rgba":
        cutout = read_rgba(record.image)
        background = None if ground in ("", "far", "near") else read_rgb(records[ground].image)
        image, alpha = composite(cutout, background, near=ground == "near")
        return image, alpha, "exact", 0
    image = read_rgb(record.image)
    alpha = np.zeros(image.shape[:2], np.uint8) if record.alpha is None else read_alpha(record.alpha)
    if alpha.shape != image.shape[:2]:
        raise InputError("alpha_size", f"{record.alpha} does not have the size of its picture")
    return image, alpha, record.edge, record.ignore_px


def composite(cutout: Image, background: Image | None, *, near: bool = False) -> tuple[Image, Image]:
    """Puts a straight RGBA cut-out in the middle of a square canvas; no chance is involved.

    Args:
        cutout: ``(h, w, 4)`` uint8.
        background: ``(H, W, 3)`` uint8, of which the middle is used; None for one plain colour.
        near: the plain colour is close to the subject's mean colour; otherwise far from it.

    Returns:
        Picture ``(S, S, 3)`` and alpha ``(S, S)``, uint8, with ``S = COMPOSITE_PX``.
    """
    small = shrink_rgba(cutout, round(0.9 * COMPOSITE_PX)).astype(np.float32) / 255
    height, width = small.shape[:2]
    layer = np.zeros((COMPOSITE_PX, COMPOSITE_PX, 4), np.float32)
    # Busts end at their lower edge and stand on the canvas's.
    grounded = (small[-2:, :, 3] > 0.5).mean() > 0.05
    top = COMPOSITE_PX - height if grounded else (COMPOSITE_PX - height) // 2
    left = (COMPOSITE_PX - width) // 2
    layer[top : top + height, left : left + width] = small
    alpha = layer[..., 3:]
    if background is None:
        mean = (layer[..., :3] * alpha).sum((0, 1)) / max(float(alpha.sum()), 1.0)
        # One step of 20 grey levels away from the subject's colour, or the grey that is furthest from it.
        colour = mean + np.where(mean > 0.5, -0.08, 0.08) if near else np.where(mean.mean() > 0.5, 0.1, 0.9)
        canvas: npt.NDArray[np.floating] = np.full_like(layer[..., :3], colour)
    else:
        scale = COMPOSITE_PX / min(background.shape[:2])
        grown = resize(
            background,
            max(COMPOSITE_PX, round(background.shape[0] * scale)),
            max(COMPOSITE_PX, round(background.shape[1] * scale)),
        )
        y, x = (grown.shape[0] - COMPOSITE_PX) // 2, (grown.shape[1] - COMPOSITE_PX) // 2
        canvas = grown[y : y + COMPOSITE_PX, x : x + COMPOSITE_PX] / np.float32(255)
    picture = layer[..., :3] * alpha + canvas * (1 - alpha)
    return cv2.convertScaleAbs(picture, alpha=255), cv2.convertScaleAbs(alpha, alpha=255).reshape(layer.shape[:2])
