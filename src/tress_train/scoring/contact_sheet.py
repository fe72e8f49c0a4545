"""Contact sheets: pictures, predictions and truth side by side, to see at a glance what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from tress.process.geometry import resize
from tress_train.data.gates import Target
from tress_train.scoring.quick_eval import Predict, Row

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
    return sheet([_tile(target, row, predict) for target, row in pairs])


def sheet(tiles: Sequence[Image]) -> Image:
    """Tiles of one size ``(h, w, 3)`` uint8 RGB in rows of ``COLUMNS``; a single dark cell if there are none."""
    if not tiles:
        return np.full((CELL_PX, CELL_PX, 3), 24, np.uint8)
    filled = [*tiles, *[np.full_like(tiles[0], 24)] * (-len(tiles) % COLUMNS)]
    return np.vstack([np.hstack(filled[i : i + COLUMNS]) for i in range(0, len(filled), COLUMNS)])


def tile(text: str, pictures: Sequence[Image]) -> Image:
    """Pictures ``(H, W)`` or ``(H, W, 3)`` uint8 RGB beside each other, with a line of text above."""
    cells = np.hstack([_cell(np.dstack([p] * 3) if p.ndim == 2 else p) for p in pictures])
    caption = np.full((CAPTION_PX, cells.shape[1], 3), 24, np.uint8)
    cv2.putText(caption, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (230, 230, 230), 1, cv2.LINE_AA)
    return np.vstack([caption, cells])


def _tile(target: Target, row: Row, predict: Predict) -> Image:
    pred_alpha, _ = predict(target.image)
    true = np.repeat(target.label.alpha[..., None], 3, 2)
    true[target.label.where == 0] = (90, 0, 0)
    text = f"{row.iou:.3f} {row.mae:.3f} {row.key[-60:]}"
    return tile(text, [target.image, (pred_alpha * 255).astype(np.uint8), true])


def _cell(image: Image) -> Image:
    scale = CELL_PX / max(image.shape[:2])
    small = resize(image, max(1, round(image.shape[0] * scale)), max(1, round(image.shape[1] * scale)))
    cell = np.full((CELL_PX, CELL_PX, 3), 24, np.uint8)
    cell[: small.shape[0], : small.shape[1]] = small
    return cell
