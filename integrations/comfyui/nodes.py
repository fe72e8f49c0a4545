"""The node: its inputs are made of tress's declared output options, so that it has all of them."""

from __future__ import annotations

import dataclasses
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch

from tress import Remover
from tress.catalog import entries
from tress.engine import DEVICES
from tress.io.encode import encode
from tress.outputs import OPTIONS, parse, render
from tress.outputs.box import around, subject_box
from tress.outputs.option import Choice, Flag, Number, Option
from tress.outputs.render import shaped

# The graph has no files, and gives the mask in any case.
_LEFT_OUT = {"mask", *(option.name for option in OPTIONS.values() if option.group == "File")}
_MARKS = ("keep", "clear")


class TressRemoveBackground:
    """Cuts the subject out of every picture of a batch."""

    CATEGORY = "image/background"
    DESCRIPTION = "Removes the background of pictures of people and objects."
    FUNCTION = "run"
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "mask")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:
        """What the node asks for: pictures and networks, then the options; marks and a background may be connected."""
        models = [entry.name for entry in entries() if entry.task == "locator"]
        required: dict[str, Any] = {
            "image": ("IMAGE",),
            "model": (["default", *models], {"default": "default"}),
            "device": (list(DEVICES), {"default": "auto"}),
            "refine": ("BOOLEAN", {"default": True, "tooltip": "Work out hair and soft edges at full resolution."}),
        }
        for option in OPTIONS.values():
            if option.name not in (*_LEFT_OUT, *_MARKS):
                required[option.name] = _widget(option)
        optional = {name: ("MASK", {"tooltip": OPTIONS[name].help}) for name in _MARKS}
        return {"required": required, "optional": {**optional, "background_image": ("IMAGE",)}}

    def run(
        self,
        image: torch.Tensor,
        model: str,
        device: str,
        refine: bool,
        keep: torch.Tensor | None = None,
        clear: torch.Tensor | None = None,
        background_image: torch.Tensor | None = None,
        **values: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Does the work.

        Args:
            image: ``(B, H, W, 3)`` or ``(B, H, W, 4)`` in [0, 1].
            model, device, refine: as of ``tress.Remover``.
            keep, clear: ``(B, H, W)`` or ``(1, H, W)``, above 0.5 where it is marked.
            background_image: ``(B, h, w, 3)``, of which the first goes behind all; it counts before ``background``.
            values: options as text, numbers and yes or no.

        Returns:
            The pictures, ``(B, h, w, 4)`` with straight alpha or, with an opaque background, ``(B, h, w, 3)``; and
            their masks, ``(B, h, w)``, 1 where the subject is.  All are cropped and placed alike.

        Raises:
            TressError: an option is wrong, or the network failed; the message says what to do.
        """
        if background_image is not None:
            values["background"] = encode(_pixels(background_image[0]), "png")
        options = parse(values)
        as_mask = dataclasses.replace(options, mask=True, background=None, shadow="none")
        remover = _remover(model, device, refine)
        mattes = [
            remover.matte(_pixels(picture), region=options.region, keep=_marks(keep, i), clear=_marks(clear, i))
            for i, picture in enumerate(image)
        ]
        where = around([subject_box(shaped(matte.alpha, options)) for matte in mattes])
        images, masks = [], []
        for matte in mattes:
            colours = partial(matte.colours, inverted=options.invert)
            images.append(render(matte.image, matte.alpha, colours, options, subject=where))
            masks.append(render(matte.image, matte.alpha, colours, as_mask, subject=where))
        return _tensor(images), _tensor(masks)


def _widget(option: Option[Any]) -> tuple[Any, dict[str, Any]]:
    """How ComfyUI asks for an option."""
    kind, told = option.kind, {"default": option.default, "tooltip": option.help}
    if isinstance(kind, Flag):
        return "BOOLEAN", told
    if isinstance(kind, Choice):
        return list(kind.words), told
    if isinstance(kind, Number) and option.default is not None:
        return "FLOAT", {**told, "min": kind.low, "max": kind.high, "step": 0.5}
    return "STRING", {**told, "default": option.default_text}


@lru_cache(maxsize=2)
def _remover(model: str, device: str, refine: bool) -> Remover:
    return Remover(model, device=device, refine=refine)


def _pixels(picture: torch.Tensor) -> np.ndarray:
    return (picture.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def _marks(marks: torch.Tensor | None, index: int) -> np.ndarray | None:
    return None if marks is None else (marks[index if len(marks) > 1 else 0] > 0.5).cpu().numpy()


def _tensor(pictures: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures).astype(np.float32) / 255)


NODE_CLASS_MAPPINGS = {"TressRemoveBackground": TressRemoveBackground}
NODE_DISPLAY_NAME_MAPPINGS = {"TressRemoveBackground": "Remove background (tress)"}
