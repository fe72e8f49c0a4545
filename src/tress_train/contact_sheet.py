"""Contact sheets: pictures, predictions and truth side by side, to see at a glance what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize
from tress_train.quick_eval import Predict, Row, Target

CELL_PX = 192
CAPTION_PX = 16
COLUMNS = 3

Image = npt.NDArray[np.uint8]


def contact_sheet(pairs: Sequence[tuple[Target, Row]], predict: Predict) -> Image:
    """Draws one tile a picture, in the given order.

    A tile shows the picture, the predicted alpha and the true alpha (what is not trusted in dark red), with key and
    scores above.

    Returns:
        ``(H, W, 3)`` uint8 RGB; a single dark cell if there are no pictures.
    """
    tiles = [_tile(target, row, predict) for target, row in pairs]
    if not tiles:
        return np.full((CELL_PX, CELL_PX, 3), 24, np.uint8)
    while len(tiles) % COLUMNS:
        tiles.append(np.full_like(tiles[0], 24))
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


def _tile(target: Target, row: Row, predict: Predict) -> Image:
    pred_alpha, _ = predict(target.image)
    true = np.repeat(target.label.alpha[..., None], 3, 2)
    true[target.label.where == 0] = (90, 0, 0)
    predicted = np.repeat((pred_alpha * 255).astype(np.uint8)[..., None], 3, 2)
    cells = np.hstack([_cell(target.image), _cell(predicted), _cell(true)])
    caption = np.full((CAPTION_PX, cells.shape[1], 3), 24, np.uint8)
    text = f"{row.iou:.3f} {row.mae:.3f} {row.key[-60:]}"
    cv2.putText(caption, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (230, 230, 230), 1, cv2.LINE_AA)
    return np.vstack([caption, cells])


def _cell(image: Image) -> Image:
    scale = CELL_PX / max(image.shape[:2])
    small = resize(image, max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale)))
    cell = np.full((CELL_PX, CELL_PX, 3), 24, np.uint8)
    cell[: small.shape[0], : small.shape[1]] = small
    return cell
