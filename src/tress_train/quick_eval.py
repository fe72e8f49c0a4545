"""A quick look at the validation sets during training: IoU and MAE by set, at network resolution.

Release scores never come from here but from ``tress.evaluation``.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from tress.evaluation.manifest import Record
from tress.process.geometry import fit, restore
from tress.process.labels import make_label
from tress_train.models.locator import Locator


@torch.no_grad()
def quick_eval(model: Locator, records: list[Record], long_side_px: int, stride: int = 2) -> dict[str, object]:
    """Scores every ``stride``-th picture of each set.

    Returns:
        ``iou`` and ``mae``: means over sets; ``sets``: per set ``[iou, mae, mean presence]``.
    """
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for record in sorted(records, key=lambda r: (r.set, str(r.image)))[::stride]:
        image = cv2.cvtColor(cv2.imread(str(record.image)), cv2.COLOR_BGR2RGB)
        fitted, placement = fit(image, long_side_px, 32)
        x = torch.from_numpy(fitted.astype(np.float32) / 255).permute(2, 0, 1)[None]
        with torch.autocast("cpu", torch.bfloat16):
            alpha, _, presence = model(x.contiguous(memory_format=torch.channels_last))
        pred_alpha = restore(alpha[0, 0].float().numpy(), placement)
        true = np.zeros(image.shape[:2], np.uint8)
        if record.alpha is not None:
            true = np.asarray(cv2.imread(str(record.alpha), cv2.IMREAD_GRAYSCALE), np.uint8)
        label = make_label(true, record.edge, record.ignore_px)
        if label is None:
            continue
        known, true_alpha = label.where > 0, label.alpha.astype(np.float32) / 255
        pred, want = pred_alpha[known] > 0.5, true_alpha[known] > 0.5
        union = int((pred | want).sum())
        iou = int((pred & want).sum()) / union if union else 1.0
        mae = float(np.abs(pred_alpha - true_alpha)[known].mean())
        rows.setdefault(record.set, []).append((iou, mae, float(presence)))
    sets = {name: [round(float(v), 4) for v in np.mean(values, axis=0)] for name, values in rows.items()}
    scored = [value for name, value in sets.items() if name != "empty"]
    return {
        "iou": round(float(np.mean([v[0] for v in scored])), 4),
        "mae": round(float(np.mean([v[1] for v in scored])), 4),
        "sets": sets,
    }
