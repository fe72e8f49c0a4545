"""Checks a user's own folder and describes it in a manifest.

A folder holds, at any depth, photos ``NAME.jpg`` (or any other picture) each with ``NAME.alpha.png``, or cut-outs:
PNG or WebP pictures with transparency.  Both may be mixed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.io.files import write_atomic
from tress.process.labels import Edge
from tress_train.data.collection import MANIFEST
from tress_train.data.reading import has_transparency, read_alpha, read_rgb, read_rgba

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
# Pictures that a camera or an editor leaves and that are not read here: nobody shall wonder where they went.
UNREAD = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".gif", ".tga", ".psd", ".dng", ".cr2", ".cr3", ".nef", ".arw")
ALPHA_END = ".alpha.png"
SMALLEST_PX = 64
# A binary mask's edge is off by about a pixel wherever it was drawn; the band around it teaches nothing.
BINARY_IGNORE_PX = 2
_BINARY_SHARE = 0.002

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one file."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass
class Check:
    """What a folder holds: lines for the manifest, problems, and notes about what was assumed."""

    rows: list[dict[str, object]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Notes and problems, for the user."""
        return [*(f"note: {note}" for note in self.notes), *(f"wrong: {problem}" for problem in self.problems)]


def check_folder(folder: Path, edge: Edge | None = None, ignore_px: int = 0) -> Check:
    """Looks at every picture below ``folder``.

    Args:
        folder: the user's folder; nothing in it is changed.
        edge: how far the alphas can be trusted; None finds out: a binary alpha is ``hard``, any other ``soft``.
        ignore_px: for ``hard``: half width of the band around the edge that says nothing.

    Raises:
        InputError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise InputError("folder_missing", f"{folder} is no folder")
    everything = sorted(p for p in folder.rglob("*") if p.is_file())
    files = [p for p in everything if p.suffix.lower() in SUFFIXES]
    unread = [p for p in everything if p.suffix.lower() in UNREAD]
    if not files and not unread:
        raise InputError(
            "folder_empty",
            f"{folder} holds no pictures",
            hint=f"put photos with their alphas there (photo.jpg, photo{ALPHA_END}), or transparent PNGs",
        )
    check = Check()
    for path in unread:
        what = f"is not read: {path.suffix[1:].upper()}; save it as JPEG, PNG or WebP"
        check.problems.append(Problem(path.relative_to(folder).as_posix(), what))
    alphas = {str(p)[: -len(ALPHA_END)]: p for p in files if p.name.lower().endswith(ALPHA_END)}
    seen: dict[str, str] = {}
    claimed: dict[str, str] = {}
    for path in files:
        stem, name = str(path.with_suffix("")), path.relative_to(folder).as_posix()
        if path in alphas.values():
            continue
        alpha = alphas.get(stem)
        if alpha is not None and stem in claimed:
            check.problems.append(Problem(name, f"shares its alpha with {claimed[stem]}; rename one of them"))
            continue
        claimed[stem] = name
        try:
            row = _check_one(path, alpha, folder, edge, ignore_px, check)
        except InputError as error:
            check.problems.append(Problem(name, error.message.removeprefix(f"{path} ")))
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        if content in seen:
            check.problems.append(Problem(name, f"is the same file as {seen[content]}"))
            continue
        seen[content] = name
        check.rows.append(row)
    for stem, alpha in alphas.items():
        if stem not in claimed:
            check.problems.append(Problem(alpha.relative_to(folder).as_posix(), "is an alpha without a photo"))
    return check


def unlabelled(folder: Path, out: Path) -> dict[str, Record]:
    """The photos below a folder of one's own that have no alpha, for a teacher to label.

    Args:
        folder: as for ``check_folder``; nothing in it is changed.
        out: a folder whose pictures are left out, as the labels may be kept below ``folder``.

    Returns:
        By key, the pictures that have no alpha beside them and are not transparent, with the edge ``teacher``.

    Raises:
        InputError: there is no such folder, or a picture is damaged.
    """
    if not folder.is_dir():
        raise InputError("folder_missing", f"{folder} is no folder")
    name, found = folder.resolve().name, {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
        if path.name.lower().endswith(ALPHA_END) or out.resolve() in path.resolve().parents:
            continue
        if not path.with_suffix(ALPHA_END).exists() and not has_transparency(path):
            found[f"{name}/{path.relative_to(folder).as_posix()}"] = Record(path, None, name, "objects", "teacher", 0)
    return found


def write_manifest(folder: Path, check: Check, *, overwrite: bool = False) -> Path:
    """Writes the manifest of what is in order.

    Raises:
        InputError: nothing is in order, or there is a manifest already and ``overwrite`` is false.
    """
    path = folder / MANIFEST
    if not check.rows:
        raise InputError("folder_useless", f"not one picture in {folder} can be used")
    if path.exists() and not overwrite:
        raise InputError("manifest_exists", f"{path} exists already", hint="give --overwrite to replace it")
    write_atomic(path, "".join(json.dumps(row) + "\n" for row in check.rows).encode(), overwrite=overwrite)
    return path


def refuse_problems(folder: Path, check: Check) -> None:
    """Raises InputError if files of the folder are wrong."""
    if check.problems:
        raise InputError(
            "folder_problems",
            f"{len(check.problems)} files in {folder} are wrong, {len(check.rows)} pictures are in order",
            hint="repair them, or give --leave-out-bad",
        )


def _check_one(
    path: Path, alpha_path: Path | None, folder: Path, edge: Edge | None, ignore_px: int, check: Check
) -> dict[str, object]:
    """The manifest's line for one picture; raises InputError with what is wrong."""
    name = path.relative_to(folder).as_posix()
    row: dict[str, object] = {"image": name, "set": folder.resolve().name, "kind": "objects"}
    if alpha_path is None:
        try:
            cutout = read_rgba(path)
        except InputError as error:
            if error.code != "alpha_missing":
                raise
            expected = path.with_suffix("").name + ALPHA_END
            raise InputError("alpha_missing", f"{path} has no alpha: neither {expected} nor transparency") from None
        _check_size(path, cutout)
        _check_alpha(path, cutout[..., 3])
        if is_binary(cutout[..., 3]):
            check.notes.append(f"{name}: its edge is hard; cut-outs teach best with a soft edge")
        return {**row, "edge": "rgba", "ignore_px": 0}
    image, alpha = read_rgb(path), read_alpha(alpha_path)
    _check_size(path, image)
    if alpha.shape != image.shape[:2]:
        sizes = f"{alpha.shape[1]}x{alpha.shape[0]}, the photo {image.shape[1]}x{image.shape[0]}"
        raise InputError("alpha_size", f"{path} has an alpha of the wrong size: {sizes}")
    _check_alpha(path, alpha)
    if edge is None:
        edge, ignore_px = ("hard", max(ignore_px, BINARY_IGNORE_PX)) if is_binary(alpha) else ("soft", 0)
        if edge == "hard":
            check.notes.append(f"{name}: its alpha is a binary mask; {ignore_px} px around its edge are not learned")
    alpha_name = alpha_path.relative_to(folder).as_posix()
    return {**row, "alpha": alpha_name, "edge": edge, "ignore_px": ignore_px if edge == "hard" else 0}


def is_binary(alpha: Image) -> bool:
    """Whether an alpha ``(H, W)`` uint8 has no soft pixels to speak of, compared with the length of its edge."""
    soft = int(((alpha > 8) & (alpha < 247)).sum())
    inside = alpha > 127
    edge = int((inside[:, 1:] != inside[:, :-1]).sum() + (inside[1:] != inside[:-1]).sum())
    return soft <= max(0.1 * edge, _BINARY_SHARE * alpha.size if edge == 0 else 0)


def _check_size(path: Path, image: Image) -> None:
    if min(image.shape[:2]) < SMALLEST_PX:
        size = f"{image.shape[1]}x{image.shape[0]}"
        raise InputError("picture_small", f"{path} is too small: {size}, at least {SMALLEST_PX} px are needed")


def _check_alpha(path: Path, alpha: Image) -> None:
    if not (alpha > 127).any():
        raise InputError("alpha_empty", f"{path} has no subject: its alpha is black everywhere")
    if (alpha > 127).all():
        raise InputError("alpha_full", f"{path} has no background: its alpha is white everywhere")
