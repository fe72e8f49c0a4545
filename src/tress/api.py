"""The Python interface: ``Remover`` and ``remove``."""

from __future__ import annotations

import io
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, Union, cast

import numpy as np
import numpy.typing as npt

from tress.arrays import Alpha, Rgb8
from tress.catalog import resolve
from tress.engine import OnnxEngine
from tress.errors import ModelError
from tress.io.decode import Picture, Source, decode
from tress.io.in_memory import from_array, from_pil, is_pil
from tress.io.limits import MAX_MEGAPIXELS
from tress.matte import Matte
from tress.matting import Estimate, estimate_alpha
from tress.outputs.marks import MarkPicture, brightness, fit_marks
from tress.outputs.region import RegionInput, read_region
from tress.process.cutout import agrees, is_finished, on_contrasting_ground, stands_free
from tress.process.marks import HALF, Marks

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

ImageInput: TypeAlias = Union[str, "os.PathLike[str]", bytes, BinaryIO, "PilImage", npt.NDArray, Picture]
MarksInput: TypeAlias = ImageInput | MarkPicture
DEFAULT_MODEL = "default"
REFINER = "tress-refiner"


class Remover:
    """A loaded network, ready for any number of pictures.

    Safe to share between threads and to keep across ``os.fork``; pickled, it is loaded anew where it arrives.

    Args:
        model: name in the catalogue (see ``tress models``) or path of an ONNX file.
        device: ``auto``, ``cpu``, ``cuda``, ``coreml``, ``directml`` or ``openvino``.  A device that is asked for and
            not there is an error, never a silent switch.
        threads: for one picture; None uses all cores.
        max_megapixels: larger pictures are refused before they are decoded.
        refine: run the refiner on the unknown band; False is faster and coarser.

    Attributes:
        model: name of the locator.
        device: where it really runs, never ``auto``.
        warnings: why a device that ``auto`` would have preferred did not start; usually empty.

    Raises:
        ModelError: the model or the device is not available.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: str = "auto",
        threads: int | None = None,
        max_megapixels: float = MAX_MEGAPIXELS,
        refine: bool = True,
    ) -> None:
        self._made_with: dict[str, Any] = {
            "model": model,
            "device": device,
            "threads": threads,
            "max_megapixels": max_megapixels,
            "refine": refine,
        }
        located = resolve(model)
        self._locator = OnnxEngine(located.path, spec=located.spec, device=device, threads=threads)
        if self._locator.spec.task != "locator":
            raise ModelError(
                "model_task",
                f"{located.name} is a {self._locator.spec.task}, not a locator",
                hint="`tress models` lists the models that can be used",
            )
        self._refiner, self._refine_threads = None, 1
        if refine:
            refiner = resolve(REFINER)
            # On the CPU several of its runs share the cores, each on a thread of its own.
            self._refiner = OnnxEngine(refiner.path, spec=refiner.spec, device=device, threads=1)
            if self._refiner.device == "cpu":
                self._refine_threads = self._locator.threads
        self.model = located.name
        self.device = self._locator.device
        self.warnings = tuple(str(error) for error in self._locator.passed_over)
        self.max_megapixels = max_megapixels

    def __getstate__(self) -> dict[str, Any]:
        return self._made_with

    def __setstate__(self, made_with: dict[str, Any]) -> None:
        self.__init__(**made_with)  # type: ignore[misc]

    def matte(
        self,
        image: ImageInput,
        *,
        region: RegionInput | None = None,
        keep: MarksInput | None = None,
        clear: MarksInput | None = None,
    ) -> Matte:
        """Finds the subject of a picture.

        Args:
            image: path, encoded bytes, binary file, PIL image, decoded ``Picture``, or array: ``(H, W)``,
                ``(H, W, 3)`` or ``(H, W, 4)`` uint8, sRGB, straight alpha.  Arrays are copied: the caller may go on
                writing into them.
            region: look only here: left, top, right and bottom in pixels of the upright picture, or text that may have
                percentages (``"10% 20% 60% 100%"``).  Alpha is zero outside.
            keep: marks on what belongs to the subject: an array ``(H, W)`` bool, or anything that ``image`` may be,
                bright (and opaque) where it is marked.  It is drawn on the upright picture and has its shape, but may
                be smaller or larger.  The edge near marks that change anything is looked for anew.
            clear: marks on what does not belong to it; where both are marked, this counts.

        Raises:
            InputError: the picture or marks cannot be read or are too large, the region does not lie in the picture, or
                marks have another shape than it.
        """
        started = time.perf_counter()
        picture = self.read(image)
        decoded = time.perf_counter() - started
        given = {"keep": keep, "clear": clear}
        weights = {name: self._read_marks(marks) for name, marks in given.items() if marks is not None}
        height, width = picture.pixels.shape[:2]
        marks = Marks(**{name: fit_marks(w, name, width, height) for name, w in weights.items()}) if weights else None
        blank = [f"nothing is marked to {name}; marks are bright" for name, w in weights.items() if w.max() <= HALF]
        picture = replace(picture, warnings=(*picture.warnings, *blank))
        finished = picture.alpha is not None and is_finished(picture.alpha)
        if region is None:
            return self._matte(picture, marks, decoded, finished)
        inside = read_region(region).box(width, height).inside
        pixels = np.ascontiguousarray(picture.pixels[inside])
        own = None if picture.alpha is None else np.ascontiguousarray(picture.alpha[inside])
        found = self._matte(
            replace(picture, pixels=pixels, alpha=own), marks and marks.inside(inside), decoded, finished
        )
        alpha, mixed = np.zeros((height, width), np.float32), None
        alpha[inside] = found.alpha
        if found.mixed is not None:
            mixed = np.ones((height, width), np.float32)
            mixed[inside] = found.mixed
        return replace(found, image=picture.pixels, alpha=alpha, mixed=mixed)

    def _matte(self, picture: Picture, marks: Marks | None, decoded: float, finished: bool) -> Matte:
        """The matte of a whole picture; ``finished``: it is a cut-out already."""
        estimate, mixed = self._estimate(picture, marks, finished)
        return Matte(
            image=picture.pixels,
            alpha=estimate.alpha,
            found=estimate.found,
            confidence=estimate.confidence,
            model=self.model,
            device=self.device,
            seconds={"decode": decoded, **estimate.seconds},
            warnings=(*picture.warnings, *estimate.warnings),
            dpi=picture.dpi,
            metadata=picture.metadata,
            mixed=mixed,
        )

    def _estimate(self, picture: Picture, marks: Marks | None, finished: bool) -> tuple[Estimate, Alpha | None]:
        """Alpha, and how much of each colour is the subject's if alpha does not say it."""
        own = picture.alpha
        if own is None:
            return self._ask(picture.pixels, marks), None
        straight = np.ones_like(own)
        if not own.any():
            warning = "the picture is transparent everywhere"
            return Estimate(np.zeros_like(own), False, 1.0, {"locate": 0.0}, [warning]), straight
        if finished:
            kept = own if marks is None else np.minimum(marks.apply(own), own)
            return Estimate(kept, bool(kept.any()), 1.0, {"locate": 0.0}), straight
        estimate = self._ask(on_contrasting_ground(picture.pixels, own), marks)
        is_kept = agrees(estimate.alpha, own) if estimate.found else stands_free(own)
        if is_kept and marks is None:
            return replace(estimate, alpha=own, found=True), straight
        alpha = estimate.alpha * own
        mixed = np.where(own < 1, straight, estimate.alpha)
        return replace(estimate, alpha=alpha, found=estimate.found and bool(alpha.any())), mixed

    def _ask(self, image: Rgb8, marks: Marks | None) -> Estimate:
        return estimate_alpha(image, self._locator, self._refiner, threads=self._refine_threads, marks=marks)

    def _read_marks(self, marks: MarksInput) -> Alpha:
        if isinstance(marks, MarkPicture):
            return marks.weights
        if isinstance(marks, np.ndarray) and marks.dtype == bool:
            marks = marks.astype(np.uint8) * np.uint8(255)
        return brightness(self.read(marks))

    def read(self, image: ImageInput) -> Picture:
        """Decodes whatever ``matte`` takes; a ``Picture`` comes back as it is."""
        if isinstance(image, Picture):
            return image
        if isinstance(image, np.ndarray):
            return from_array(image)
        if is_pil(image):
            return from_pil(image, self.max_megapixels)
        return decode(cast("Source", image), max_megapixels=self.max_megapixels)

    def many(
        self,
        images: Iterable[ImageInput],
        *,
        ahead: int = 2,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Iterator[Matte]:
        """Mattes of many pictures in their order; the next ones are decoded while the network is busy.

        Args:
            images: taken one by one, never all at once.  Arrays are copied as they are taken, so that a source may
                fill the same buffer again and again.
            ahead: how many pictures are decoded in advance, at least one, which bounds the memory.
            progress: is told after each picture how many are done, and of how many, which is None if ``images`` has no
                length.

        Raises:
            InputError: at the turn of a picture that cannot be read.  To go on after a bad picture, call ``matte``
                for each instead.
        """
        ahead = max(1, ahead)
        count = len(images) if isinstance(images, Sized) else None
        source = (image.copy() if isinstance(image, np.ndarray) else image for image in images)
        with ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="tress-decode") as pool:
            waiting = deque(pool.submit(self.read, image) for image in islice(source, ahead))
            done = 0
            try:
                while waiting:
                    picture = waiting.popleft().result()
                    waiting.extend(pool.submit(self.read, image) for image in islice(source, 1))
                    matte = self.matte(picture)
                    done += 1
                    if progress is not None:
                        progress(done, count)
                    yield matte
            finally:
                for future in waiting:
                    future.cancel()


def remove(
    image: Any,
    *,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    device: str = "auto",
    region: RegionInput | None = None,
    keep: MarksInput | None = None,
    clear: MarksInput | None = None,
) -> Any:
    """Removes the background of one picture and gives back the same kind.

    The network stays loaded for the next call.  For options, or many pictures, use ``Remover``.

    Args:
        image: what ``Remover.matte`` takes.
        model, device: as for ``Remover``.
        region, keep, clear: as for ``Remover.matte``.

    Returns:
        An array for an array (``(H, W, 4)`` uint8, straight alpha), a PIL image for a PIL image or a path, PNG bytes
        for bytes, a binary file with a PNG for a binary file; all but arrays with the picture's dots per inch.

    Raises:
        InputError: the picture cannot be read, or region or marks do not fit it.
        ModelError: the model or the device is not available.
    """
    remover = _shared(model if isinstance(model, str) else os.fspath(model), device)
    matte = remover.matte(image, region=region, keep=keep, clear=clear)
    cutout, dpi = matte.cutout(), matte.dpi
    # Several times as large as the cut-out: not to be kept while that is encoded.
    del matte
    if isinstance(image, (np.ndarray, Picture)):
        return cutout
    if isinstance(image, (bytes, bytearray, memoryview)) or hasattr(image, "read"):
        from tress.io.encode import encode

        data = encode(cutout, "png", dpi=dpi)
        return io.BytesIO(data) if hasattr(image, "read") else data
    from PIL import Image

    result = Image.fromarray(cutout)
    if dpi:
        result.info["dpi"] = dpi
    return result


@lru_cache(maxsize=2)
def _shared(model: str, device: str) -> Remover:
    return Remover(model, device=device)
