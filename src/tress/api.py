"""The Python interface: ``Remover`` and ``remove``."""

from __future__ import annotations

import contextlib
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

from tress.arrays import Alpha
from tress.catalog import resolve
from tress.engine import OnnxEngine
from tress.errors import InputError, ModelError
from tress.io.decode import Picture, Source, decode
from tress.io.exif import Metadata
from tress.matte import Matte
from tress.matting import Estimate, estimate_alpha
from tress.outputs.marks import MarkPicture, brightness, fit_marks
from tress.outputs.region import RegionInput, read_region
from tress.process.marks import HALF, Marks

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

ImageInput: TypeAlias = Union[str, "os.PathLike[str]", bytes, BinaryIO, "PilImage", npt.NDArray, Picture]
MarksInput: TypeAlias = ImageInput | MarkPicture
DEFAULT_MODEL = "default"
REFINER = "tress-refiner"
MAX_MEGAPIXELS = 100.0


class Remover:
    """A loaded network, ready for any number of pictures.  Safe to share between threads.

    It can be pickled, for pools of processes: what travels is how it was made, and the other side loads it anew.

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
        self._made_with = {
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
        if region is None:
            return self._matte(picture, marks, decoded)
        inside = read_region(region).box(width, height).inside
        pixels = np.ascontiguousarray(picture.pixels[inside])
        own = None if picture.alpha is None else np.ascontiguousarray(picture.alpha[inside])
        found = self._matte(replace(picture, pixels=pixels, alpha=own), marks and marks.inside(inside), decoded)
        alpha = np.zeros((height, width), np.float32)
        alpha[inside] = found.alpha
        return replace(found, image=picture.pixels, alpha=alpha)

    def _matte(self, picture: Picture, marks: Marks | None, decoded: float) -> Matte:
        estimate: Estimate = estimate_alpha(
            picture.pixels, self._locator, self._refiner, threads=self._refine_threads, marks=marks
        )
        alpha = estimate.alpha
        if picture.alpha is not None:
            alpha = alpha * picture.alpha
        return Matte(
            image=picture.pixels,
            alpha=alpha,
            found=estimate.found,
            confidence=estimate.confidence,
            model=self.model,
            device=self.device,
            seconds={"decode": decoded, **estimate.seconds},
            warnings=(*picture.warnings, *estimate.warnings),
            dpi=picture.dpi,
            metadata=picture.metadata,
        )

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
            return _from_array(image)
        if _is_pil(image):
            return _from_pil(image, self.max_megapixels)
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
        for bytes, a binary file with a PNG for a binary file.

    Raises:
        InputError: the picture cannot be read, or region or marks do not fit it.
        ModelError: the model or the device is not available.
    """
    remover = _shared(model if isinstance(model, str) else os.fspath(model), device)
    cutout = remover.matte(image, region=region, keep=keep, clear=clear).cutout()
    if isinstance(image, (np.ndarray, Picture)):
        return cutout
    if isinstance(image, (bytes, bytearray, memoryview)) or hasattr(image, "read"):
        from tress.io.encode import encode

        data = encode(cutout, "png")
        return io.BytesIO(data) if hasattr(image, "read") else data
    from PIL import Image

    return Image.fromarray(cutout)


@lru_cache(maxsize=2)
def _shared(model: str, device: str) -> Remover:
    return Remover(model, device=device)


def _is_pil(image: Any) -> bool:
    # Without importing PIL: whoever passes one of its images has imported it.
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(image).__mro__)


# What no lossless file holds, and the mode that says the same.
_AS_MODE = {"PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "HSV": "RGB"}
_AS_TIFF = ("CMYK", "LAB", "F", "I", "YCbCr")
_ORIENTATION = 0x112
# How a file of these modes names its clear colour; the others by one number.
_CLEAR: dict[str, Any] = {"P": (int, bytes), "RGB": tuple}


def _from_pil(image: Any, max_megapixels: float) -> Picture:
    """Through a lossless file, so that palettes, depths, profiles and orientation take the one path they take."""
    try:
        data = _lossless(image)
    except MemoryError as error:
        raise InputError(
            "out_of_memory", "there is not enough memory for this picture", hint="use a smaller picture"
        ) from error
    except Exception as error:  # Pillow decodes only now, and answers damaged files with every kind of exception
        raise InputError(
            "picture_corrupt",
            f"the PIL image cannot be read: {error}",
            hint="its file may be incomplete or closed; give tress the file itself to learn more",
        ) from error
    return decode(data, max_megapixels=max_megapixels)


def _lossless(image: Any) -> bytes:
    """A PIL image as an uncompressed file with profile and orientation, and nothing else that it carries along."""
    from PIL import Image

    image.load()
    turned = Image.Exif()
    with contextlib.suppress(Exception):  # a damaged EXIF block is no reason to refuse the picture
        turned[_ORIENTATION] = int(image.getexif().get(_ORIENTATION, 1))
    options: dict[str, Any] = {"icc_profile": image.info.get("icc_profile"), "exif": turned}
    if image.mode.startswith("I;16"):
        # Pillow keeps only the low byte order in files, and would clip the other one.
        plain = Image.fromarray(np.asarray(image).astype(np.uint16))
    else:
        plain = image.convert(_AS_MODE[image.mode]) if image.mode in _AS_MODE else image
    buffer = io.BytesIO()
    if plain.mode in _AS_TIFF:
        plain.save(buffer, "TIFF", compression="raw", **options)
    else:
        clear = plain.info.get("transparency")
        # Pillow hands it on through conversions that make it meaningless.
        fits = isinstance(clear, _CLEAR.get(plain.mode, int))
        plain.save(buffer, "PNG", compress_level=0, transparency=clear if fits else None, **options)
    return buffer.getvalue()


def _from_array(array: npt.NDArray) -> Picture:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError(
            "array_shape",
            f"a picture array must be (H, W), (H, W, 3) or (H, W, 4) uint8 but is {array.shape} {array.dtype}",
            hint="scale floats by 255 and convert to uint8; channels come last, in RGB order",
        )
    if array.size == 0:
        raise InputError("array_empty", f"the picture array has no pixels: its shape is {array.shape}")
    if array.ndim == 2 or array.shape[2] == 1:
        array = np.repeat(array.reshape(*array.shape[:2], 1), 3, axis=2)
    alpha = array[..., 3].astype(np.float32) / np.float32(255) if array.shape[2] == 4 else None
    pixels = np.array(array[..., :3], order="C", copy=True)
    return Picture(pixels, alpha, dpi=None, metadata=Metadata(), format="array")
