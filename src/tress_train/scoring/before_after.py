"""Scores of pictures before and after a network was changed, and a page that shows the worst of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from tress.evaluation.report.gallery import address, views
from tress.evaluation.report.page import figure, page, table
from tress_train.data.gates import Target
from tress_train.scoring.quick_eval import Predict, Row, means

SHOWN = 12
_NAMES = {"iou": "mean IoU", "mae": "mean error of alpha", "band_mad": "mean error in the soft band", "n": "pictures"}


@dataclass(frozen=True)
class Change:
    """Scores of the same pictures before and after, in the same order."""

    before: Sequence[Row]
    after: Sequence[Row]

    def lost(self, iou: float, mae: float) -> bool:
        """Whether the means got worse by more than ``iou`` or ``mae``."""
        old, new = means(self.before), means(self.after)
        return old["iou"] - new["iou"] > iou or new["mae"] - old["mae"] > mae

    def worst(self) -> list[str]:
        """Keys, the largest error of alpha first, and among equal ones the one that grew most."""
        pairs = sorted(zip(self.before, self.after, strict=True), key=lambda p: (-p[1].mae, p[0].mae - p[1].mae))
        return [after.key for _, after in pairs[:SHOWN]]

    def __str__(self) -> str:
        old, new = means(self.before), means(self.after)
        return f"mean IoU {old['iou']:.4f} -> {new['iou']:.4f}, mean error {old['mae']:.4f} -> {new['mae']:.4f}"


def before_after_page(
    title: str,
    verdict: str,
    changes: Mapping[str, Change],
    targets: Callable[[str, Sequence[str]], Iterable[Target]],
    before: Predict,
    after: Predict,
) -> str:
    """An HTML page: the scores of every group, and its worst pictures as they were and as they are.

    Args:
        title: of the page.
        verdict: a sentence that stands above everything.
        changes: by the name of the group.
        targets: reads pictures of a group by their keys.
        before, after: what is compared.
    """
    parts = [f"<p>{escape(verdict)}</p>"]
    for name, change in changes.items():
        parts += [f"<h2>{escape(name)}</h2>", _scores(change), "<h3>Worst pictures</h3>"]
        old, new = ({row.key: row for row in rows} for rows in (change.before, change.after))
        for target in targets(name, change.worst()):
            caption = (
                f"{escape(target.key)}: IoU {old[target.key].iou:.3f} → {new[target.key].iou:.3f}, "
                f"error {old[target.key].mae:.4f} → {new[target.key].mae:.4f}"
            )
            parts.append(figure(caption, _panels(target, before, after)))
    return page(title, parts)


def _scores(change: Change) -> str:
    old, new = means(change.before), means(change.after)
    rows = [[_NAMES[name], f"{old[name]:g}", f"{new[name]:g}"] for name in _NAMES if name in old and name in new]
    return table(["", "before", "after"], rows)


def _panels(target: Target, before: Predict, after: Predict) -> list[tuple[str, str]]:
    truth = (target.label.alpha / np.float32(255)).astype(np.float32)
    alphas = {"before": before(target.image)[0], "after": after(target.image)[0]}
    found = views(target.image, truth, target.label.where > 0, alphas)
    return [(name, address(view)) for name, view in found.items()]
