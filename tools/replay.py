"""Makes the replay pictures that travel in the package: ``python tools/replay.py DATA [DATA...]``.

They are of training sets whose licences let them travel, were picked by eye, and are known to the released networks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tress.evaluation.manifest import Record
from tress_train.data.collection import read_collection
from tress_train.data.reading import read_alpha, read_rgb, read_rgba, shrink, shrink_rgba

OUT = Path(__file__).parents[1] / "src/tress_train/data/replay_pictures"
LONG_SIDE_PX = 448
QUALITY = 78
# What the file names of the pictures begin with, by split and data set.
PICTURES = {
    "train": {
        "interfaces": "037 091 095 042 021 018 073 048",
        "clothes": "f038c3eb 193e7aff bdef40cb 92af39a3 9a93c82b c777dda3",
        "feral-cats": "train_group0199 train_group0880 train_group0890 train_group0603 train_group0264 valid_group0594",
        "dreambooth-photos": "cat_03 cat2_03 grey_sloth_plushie_04 backpack_02 can_00",
        "trash-objects": "glass-glass471 glass-glass43. metal-metal307",
        "synth-hair": "05116 05020 05118 05048",
        "facades": "img_306 img_150 img_553 img_117",
    },
    "val": {
        "interfaces": "070 002 029 059 062",
        "clothes": "28fe53cd 3dfe3cd5 01c5cb43",
        "feral-cats": "train_group0600 train_group0821 valid_group1005",
        "dreambooth-photos": "dog8_04 clock_01 dog_02 candle_01",
        "trash-objects": "plastic-plastic407 metal-metal192",
        "synth-hair": "05052",
        "facades": "img_96 img_484",
    },
}


def main() -> None:
    """Writes pictures, alphas and manifests."""
    records = [record for data in sys.argv[1:] for record in read_collection([Path(data)]).train.values()]
    for split, sets in PICTURES.items():
        (OUT / split / "replay").mkdir(parents=True, exist_ok=True)
        rows = []
        for name, starts in sets.items():
            for start in starts.split():
                found = [r for r in records if r.set == name and r.image.name.startswith(start)]
                rows.append(save(found[0], OUT / split, f"{name}-{start.strip('.')}", split))
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (OUT / split / "manifest.jsonl").write_text(lines, encoding="utf-8")


def save(record: Record, folder: Path, stem: str, split: str) -> dict[str, object]:
    """Writes a picture and its alpha; returns its line of the manifest."""
    edge = "empty" if record.edge == "background" and split == "val" else record.edge
    row: dict[str, object] = {"image": f"replay/{stem}.webp", "set": "replay", "kind": record.kind, "edge": edge}
    if record.edge == "rgba":
        image = shrink_rgba(read_rgba(record.image), LONG_SIDE_PX)
    else:
        image = shrink(read_rgb(record.image), LONG_SIDE_PX)
    ignore_px = 0
    if record.alpha is not None:
        alpha = read_alpha(record.alpha)
        ignore_px = int(np.ceil(record.ignore_px * min(1, LONG_SIDE_PX / max(alpha.shape))))
        row["alpha"] = f"replay/{stem}.alpha.png"
        # In steps of a sixteenth a soft alpha takes a third of the bytes.
        steps = np.rint(shrink(alpha, LONG_SIDE_PX) / 17.0) * 17
        Image.fromarray(steps.astype(np.uint8)).save(folder / str(row["alpha"]), optimize=True)
    Image.fromarray(image).save(folder / str(row["image"]), quality=QUALITY, method=6)
    return {**row, "ignore_px": ignore_px}


if __name__ == "__main__":
    main()
