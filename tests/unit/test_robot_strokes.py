"""The robot that stands in for a person with a brush, in the benchmark of marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tress.api import Remover
from tress.evaluation.data import Truth
from tress.process.labels import Label


@pytest.fixture
def robot(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from benchmarks.quality import marks

    return marks


def test_a_stroke_lies_in_the_middle_of_the_largest_region(robot):
    wrong = np.zeros((100, 100), bool)
    wrong[10:30, 20:80] = True
    wrong[60:70, 60:70] = True
    marks = robot.stroke(wrong)
    assert not marks[~wrong].any()
    rows, columns = np.nonzero(marks)
    assert rows.min() >= 14
    assert rows.max() <= 25
    assert columns.max() - columns.min() > 40


def test_what_is_too_small_is_left(robot):
    wrong = np.zeros((100, 100), bool)
    assert robot.stroke(wrong) is None
    wrong[50, 50:53] = True
    assert robot.stroke(wrong) is None


def test_strokes_bring_an_answer_closer_to_the_truth(robot):
    picture = np.full((120, 160, 3), 240, np.uint8)
    true = np.zeros((120, 160), np.uint8)
    true[30:90, 20:60] = 255
    # Nothing tells this part of the subject from the ground.
    true[30:90, 100:140] = 255
    picture[30:90, 20:60] = (160, 30, 40)
    everywhere = np.full_like(true, 255)
    truth = Truth(picture, Label(true, everywhere, everywhere))
    remover = Remover(threads=1)
    for anew in (True, False):
        scores = robot.correct(remover, truth, 2, anew=anew)
        assert len(scores) == 3
        assert scores[1][0] > scores[0][0] + 0.1
        assert scores[1][1] < scores[0][1]
