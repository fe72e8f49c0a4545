"""Curation: several networks label a picture, a person picks the answer that is right.

A single teacher is wrong altogether on a part of the pictures, mostly on the ones worth learning from.  Where the
answers differ, they are drawn side by side with two made of them, and one letter a picture decides.

Work is kept as text, a line a picture, so it can be put under version control and done again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.io.files import write_atomic
from tress.process.labels import FUZZY_REACH_PX, TEACHER_SURE, edge_band, make_label
from tress_train.data.gates import read_gates, source_keys
from tress_train.data.reading import read_alpha, read_rgb
from tress_train.labels.distil import agree, teacher_row, write_png, write_rows
from tress_train.scoring.contact_sheet import tile

CHOICES = "choices.txt"
OPEN, NONE_RIGHT, NO_SUBJECT = "?", "-", "0"
LETTERS = "ABCDEFGHIJ"
# Answers that agree better than this (IoU of every one with the first) are not asked about.
AGREE = 0.85
# A mask drawn along colours is off by more than a network's answer.
BAND_PX, COLOURS_BAND_PX = 2, 4
# Parts smaller than this share of the picture are crumbs.
CRUMB = 0.0004
ROWS_A_SHEET = 12
# An outline drawn by eye is off by up to this; wider than any hair, so its doubt is not taken for some.
DRAWN_BAND_PX = FUZZY_REACH_PX + 1
_NO_GROUND = np.array([255, 0, 255], np.uint8)

_POINT = r"\d+(?:\.\d+)?,\d+(?:\.\d+)?"
_OUTLINE = rf"[+-](?: {_POINT}){{3,}}"
_LINE = re.compile(rf"(?P<key>.+?) (?P<letter>\S)(?P<outlines>(?: {_OUTLINE})*)")

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Outline:
    """A polygon that is added to the subject or taken from it.

    Attributes:
        adds: whether it is added.
        points: ``(N, 2)``, x and y in per cent of the picture's width and height.
    """

    adds: bool
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Choice:
    """A letter of the answers, `NO_SUBJECT` or `NONE_RIGHT`, and what is drawn on it, in order."""

    letter: str
    outlines: tuple[Outline, ...] = ()


def ask(answers: Sequence[Mapping[str, Record]], out: Path) -> tuple[Path, int]:
    """Draws the pictures whose answers differ and writes the list of choices, all open.

    Args:
        answers: per answer the pictures by key, as `read_collection` reads the data with one folder of labels each;
            pictures of the gates and cut-outs are left out, and those that no answer labels.
        out: folder for ``sheets`` and the list.

    Returns:
        The list, a line ``KEY ?`` for every picture in question, and how many these are.

    Raises:
        InputError: there is a list already, too many answers, a picture is damaged, or the answers agree everywhere.
    """
    path = out / CHOICES
    if path.exists():
        raise InputError("choices_exist", f"{path} exists", hint="finish it, or give another --out")
    if not 2 <= len(answers) <= len(LETTERS) - 2:
        raise InputError("answers_number", f"2 to {len(LETTERS) - 2} answers can be compared, not {len(answers)}")
    frozen = source_keys(read_gates())
    asked: list[str] = []
    tiles: list[Image] = []
    for key in sorted(answers[0]):
        if key in frozen or all(answer[key].alpha is None for answer in answers if key in answer):
            continue
        image = read_rgb(answers[0][key].image)
        found = _alphas(answers, key, image)
        if not _in_question(found, answers[0][key]):
            continue
        options = candidates(image, found)
        pictures = [np.where((mask > 127)[..., None], image, _NO_GROUND) for mask in options.values()]
        tiles.append(tile(f"{len(asked)}  {key[-60:]}  {' '.join(options)}", [image, *pictures]))
        asked.append(key)
        if len(tiles) == ROWS_A_SHEET:
            _write_sheet(tiles, len(asked), out)
            tiles = []
    if not asked:
        raise InputError("answers_agree", "the answers agree on every picture, so there is nothing to choose")
    if tiles:
        _write_sheet(tiles, len(asked), out)
    write_atomic(path, "".join(f"{key} {OPEN}\n" for key in asked).encode(), overwrite=False)
    return path, len(asked)


def curate(answers: Sequence[Mapping[str, Record]], choices: Mapping[str, Choice], out: Path) -> Path:
    """Writes the chosen labels as a data folder of its own; with it as a later ``--data`` they replace the old ones.

    Args:
        answers: the same, in the same order, as `ask` was given.
        choices: per key a letter, `NONE_RIGHT` (the picture is not trained on) or `NO_SUBJECT`, and outlines to draw on
            it, on nothing in the last case.  Where the first answer is chosen, is no teacher's and nothing is drawn on
            it, it stays as it is, with its own grade.
        out: the folder.

    Returns:
        The manifest.

    Raises:
        InputError: a choice is open or means nothing, or a picture is not in the data or one of the gates'.
    """
    letters, frozen = LETTERS[: len(answers) + 2], source_keys(read_gates())
    for key, choice in choices.items():
        if key in frozen:
            raise InputError(
                "gate_picture",
                f"{key} is a picture of the gates, which are never labelled",
                hint="take its line out of the list of choices",
            )
        if key not in answers[0]:
            raise InputError("key_unknown", f"the data has no picture {key}", hint="give the same --data as before")
        if choice.letter not in (*letters, NO_SUBJECT, NONE_RIGHT):
            raise InputError(
                "choice_unknown",
                f"{key} has the choice {choice.letter!r}",
                hint=f"{', '.join(letters)}, {NO_SUBJECT} for no subject, {NONE_RIGHT} for none of them",
            )
        if choice.letter == NONE_RIGHT and choice.outlines:
            raise InputError(
                "choice_unknown",
                f"{key} is not trained on but has outlines",
                hint=f"draw on an answer, or on nothing ({NO_SUBJECT})",
            )
    rows: list[dict[str, object]] = []
    for i, (key, choice) in enumerate(choices.items()):
        record = answers[0][key]
        letter, outlines = choice.letter, choice.outlines
        if letter == LETTERS[0] and record.edge != "teacher" and not outlines:
            continue
        if letter == NO_SUBJECT and not outlines:
            image_path = os.path.relpath(record.image, out)
            # Backgrounds are drawn by kind, and a photo is no plain one.
            rows.append({"image": image_path, "set": record.set, "kind": "room", "edge": "background", "ignore_px": 0})
            continue
        image = read_rgb(record.image)
        if letter == NONE_RIGHT:
            # Doubt everywhere: such a label is dropped when it is read.
            label = np.full(image.shape[:2], 128, np.uint8)
        elif letter == NO_SUBJECT:
            label = np.zeros(image.shape[:2], np.uint8)
        else:
            options = candidates(image, _alphas(answers, key, image))
            label = decided(options[letter], colours=letter == letters[-2])
        label = drawn(label, outlines)
        path = out / "labels" / f"{i:05d}.png"
        write_png(path, label)
        rows.append(teacher_row(record, path, out))
    return write_rows(rows, out)


def read_choices(path: Path) -> dict[str, Choice]:
    """Choices by key.

    Returns:
        Of every line ``KEY LETTER`` the choice.  A line may go on with outlines, ``+ X,Y X,Y X,Y ...`` to add and
        ``- X,Y X,Y X,Y ...`` to take away, with three points or more in per cent of the picture's width and height.

    Raises:
        InputError: the file cannot be read or a line is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("choices_unreadable", f"cannot read {path}: {error}") from error
    found = {}
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError(
                "choices_malformed",
                f"{path}, line {number}: not a key, a space and one letter",
                hint="outlines follow as `+ X,Y X,Y X,Y` or `- X,Y X,Y X,Y`, in per cent of width and height",
            )
        outlines = tuple(_outline(text) for text in re.findall(_OUTLINE, match["outlines"]))
        found[match["key"]] = Choice(match["letter"], outlines)
    return found


def _outline(text: str) -> Outline:
    sign, *points = text.split()
    pairs = (point.split(",") for point in points)
    return Outline(sign == "+", tuple((float(x), float(y)) for x, y in pairs))


def candidates(image: Image, answers: Sequence[Image]) -> dict[str, Image]:
    """What can be chosen, by letter, each ``(H, W)`` uint8.

    The answers come first, then the mean of them cut along the colours of the picture (Rother et al. 2004, "GrabCut"),
    and last what any of them found.
    """
    options = [*answers, _along_colours(image, np.mean(answers, axis=0) / 255), np.max(answers, axis=0)]
    return dict(zip(LETTERS, options, strict=False))


def decided(answer: Image, *, colours: bool) -> Image:
    """The label that follows from a choice: subject and background, with doubt only along the edge.

    Args:
        answer: ``(H, W)`` uint8; above 127 is the subject.
        colours: it was cut along colours.
    """
    inside = (answer > 127).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside)
    for part in range(1, count):
        if stats[part, cv2.CC_STAT_AREA] < CRUMB * inside.size:
            inside[parts == part] = 0
    low, high = 255 * TEACHER_SURE, 255 * (1 - TEACHER_SURE)
    # Near to the edge doubt may be hair; further away it is only doubt, and the person has decided.
    soft = (answer > low) & (answer < high) & edge_band(inside, FUZZY_REACH_PX) & (not colours)
    widest = COLOURS_BAND_PX if colours else BAND_PX
    sharp = [np.where(edge_band(inside, px), 128, inside * 255).astype(np.uint8) for px in (widest, 1, 0)]
    labels = [np.where(soft, answer, sharp[0]).astype(np.uint8), *sharp]
    # A label that is mostly doubt is not learned from, so thin things get less of it.
    return next((label for label in labels if make_label(label, "teacher") is not None), sharp[-1])


def drawn(label: Image, outlines: Sequence[Outline]) -> Image:
    """The label with outlines drawn on it, one after the other, each with doubt along its edge.

    Args:
        label: ``(H, W)`` uint8.
        outlines: what to add and to take away.
    """
    labels = []
    for band_px in (DRAWN_BAND_PX, COLOURS_BAND_PX, BAND_PX):
        labels.append(label)
        for outline in outlines:
            labels[-1] = _draw(labels[-1], outline, band_px)
    # As with answers: small things get less doubt, or they would not be learned from.
    return next((found for found in labels if make_label(found, "teacher") is not None), labels[-1])


def _draw(label: Image, outline: Outline, band_px: int) -> Image:
    height, width = label.shape
    corners = np.array(outline.points) / 100 * (width, height)
    inside = cv2.fillPoly(np.zeros_like(label), [np.round(corners).astype(np.int32)], (1,))
    edge = edge_band(inside, band_px)
    value = np.uint8(255 if outline.adds else 0)
    found = np.where(inside > 0, value, label)
    # What was sure of it already is no less so for an outline beside it.
    return np.where(edge & (label != value), np.uint8(128), np.where(edge, label, found))


def _write_sheet(tiles: Sequence[Image], asked: int, out: Path) -> None:
    """Writes the tiles of the last of ``asked`` pictures, named by the first of them."""
    sheet = np.asarray(cv2.cvtColor(np.vstack(tiles), cv2.COLOR_RGB2BGR), np.uint8)
    write_png(out / "sheets" / f"{asked - len(tiles):05d}.png", sheet)


def _alphas(answers: Sequence[Mapping[str, Record]], key: str, image: Image) -> list[Image]:
    """The alphas of a picture in order; an answer that leaves it out found nothing."""
    found = []
    for answer in answers:
        path = answer[key].alpha if key in answer else None
        alpha = np.zeros(image.shape[:2], np.uint8) if path is None else read_alpha(path)
        if alpha.shape != image.shape[:2]:
            raise InputError("alpha_size", f"{path} does not have the size of its picture")
        found.append(alpha)
    return found


def _in_question(found: Sequence[Image], given: Record) -> bool:
    if given.edge == "teacher" and make_label(found[0], "teacher") is None:
        return True
    return not all(agree(found[0] > 127, other > 127, AGREE) for other in found[1:])


def _along_colours(image: Image, mean: npt.NDArray[np.float64]) -> Image:
    marks = np.select([mean > 0.85, mean > 0.5, mean > 0.08], [cv2.GC_FGD, cv2.GC_PR_FGD, cv2.GC_PR_BGD], cv2.GC_BGD)
    marks = marks.astype(np.uint8)
    if not (marks == cv2.GC_FGD).any() or not (marks == cv2.GC_BGD).any():
        return np.where(mean > 0.5, 255, 0).astype(np.uint8)
    cv2.setRNGSeed(0)
    model = np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(image[..., ::-1]), marks, None, model, model.copy(), 4, cv2.GC_INIT_WITH_MASK)
    inside = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    smooth = cv2.morphologyEx(cv2.medianBlur(inside, 5), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(smooth * 255, np.uint8)
