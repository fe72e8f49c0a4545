"""What the refiner has to beat: the same locator's alpha, enlarged, or sharpened by a guided filter.

Writes folders of predicted alphas, the format of ``tress eval``.  The guided filter works where the refiner does, in
the unknown band, and sees the picture's colours (He, Sun and Tang 2010, "Guided Image Filtering", section 3.5).  Its
two settings, ``RADIUS`` and ``EPS``, are usual ones; they were not tuned.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.catalog.lookup import resolve
from tress.engine import OnnxEngine
from tress.io.decode import decode
from tress.matting import growth, refine, settle
from tress.process.bands import REACH_FIRST, unknown_band
from tress.process.geometry import resize
from tress.process.looks import Located, locate

Floats = npt.NDArray[np.float32]
NAMES = {"locator": "tress, locator alone", "guided": "tress, locator and guided filter"}
# In the locator's pixels.
RADIUS = 2.0
EPS = 1e-4


def predict(data: Path, names: list[str], folders: dict[str, Path], model: str) -> None:
    """Writes one alpha a picture into each of ``folders``, whose keys are those of ``NAMES``."""
    found = resolve(model)
    locator = OnnxEngine(found.path, spec=found.spec)
    seconds: dict[str, dict[str, float]] = {key: {} for key in folders}
    for name in names:
        image = decode((data / name).read_bytes()).pixels[..., :3]
        started = time.perf_counter()
        located = locate(image, locator)
        locate_seconds = time.perf_counter() - started
        for key, folder in folders.items():
            started = time.perf_counter()
            alpha = refine(image, located, None)[0] if key == "locator" else sharpen(image, located)
            seconds[key][name] = round(locate_seconds + time.perf_counter() - started, 4)
            target = (folder / name).with_suffix(".png")
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), np.round(alpha * 255).astype(np.uint8))
    for key, folder in folders.items():
        about = {"name": NAMES[key], "seconds": seconds[key]}
        (folder / "predictor.json").write_text(json.dumps(about))


def sharpen(image: npt.NDArray[np.uint8], located: Located) -> Floats:
    """The locator's alpha at the picture's size, guided by the picture inside the unknown band."""
    height, width = growth(located.alpha.shape[:2], image.shape[:2])[-1]
    scale = height / located.alpha.shape[0]
    alpha = resize(located.alpha, height, width)
    doubt = None if located.uncertainty is None else resize(located.uncertainty, height, width)
    band = unknown_band(alpha, doubt, reach_px=max(1, round(REACH_FIRST * scale)))
    guided = guided_filter(image.astype(np.float32) / 255, alpha, max(1, round(RADIUS * scale)), EPS)
    return settle(np.where(band, guided, alpha))


def guided_filter(guide: Floats, alpha: Floats, radius_px: int, eps: float) -> Floats:
    """The guided filter with a colour guide ``(H, W, 3)`` in [0, 1]; alpha and result are ``(H, W)`` float32."""

    def mean(values: Floats) -> Floats:
        return cv2.blur(values, (2 * radius_px + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    height, width = alpha.shape
    guide_mean, alpha_mean = mean(guide), mean(alpha)
    products = (guide[..., :, None] * guide[..., None, :]).reshape(height, width, 9)
    spread = np.dstack([mean(products[..., i]) for i in range(9)]).reshape(height, width, 3, 3)
    spread -= guide_mean[..., :, None] * guide_mean[..., None, :]
    shared = mean(guide * alpha[..., None]) - guide_mean * alpha_mean[..., None]
    slope = np.linalg.solve(spread + eps * np.eye(3, dtype=np.float32), shared[..., None])[..., 0]
    offset = alpha_mean - (slope * guide_mean).sum(-1)
    return np.clip((mean(slope) * guide).sum(-1) + mean(offset), 0, 1).astype(np.float32)
