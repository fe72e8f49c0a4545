"""The pictures with gaps: the list, and the folder that they are gathered in."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tress.errors import InputError
from tress.evaluation.data import read_data, read_truth


@pytest.fixture
def gaps(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    from benchmarks.quality import gaps

    return gaps


@pytest.fixture
def folders(tmp_path):
    """Two data folders with two pictures each, a ring that is brighter in each."""
    for folder, name in (("val", "rings"), ("more", "handles")):
        (tmp_path / folder / name).mkdir(parents=True)
        rows = []
        for i in (1, 2):
            ring = cv2.circle(np.zeros((60, 60), np.uint8), (30, 30), 20, 255, 6)
            cv2.imwrite(str(tmp_path / folder / name / f"{i}.png"), np.dstack([ring // i] * 3))
            cv2.imwrite(str(tmp_path / folder / name / f"{i}.alpha.png"), ring)
            files = {"image": f"{name}/{i}.png", "alpha": f"{name}/{i}.alpha.png"}
            rows.append(json.dumps({**files, "set": name, "kind": "objects", "edge": "exact", "ignore_px": 0}))
        (tmp_path / folder / "manifest.jsonl").write_text("\n".join(rows))
    return tmp_path / "val", tmp_path / "more"


def test_the_list_has_the_pictures_that_are_asked_for(gaps):
    names = gaps.read_list()
    assert len(names) >= 40
    assert names == sorted(set(names))
    assert {name.split("/")[0] for name in names} == {"fashion-people", "luma-people"}


def test_pictures_of_several_folders_become_one_data_set(gaps, folders, tmp_path):
    names = ["handles/2.png", "rings/1.png"]
    for _ in range(2):
        data = read_data(gaps.gather(names, folders, tmp_path / "work"))
    assert data.names == names
    assert [record.set for record in data.records] == ["handles", "rings"]
    assert [read_truth(record).image.max() for record in data.records] == [127, 255]
    assert all(read_truth(record).label.true_alpha.max() == 1 for record in data.records)


def test_a_picture_that_is_nowhere_is_named(gaps, folders, tmp_path):
    with pytest.raises(InputError, match=r"1 of the pictures with gaps .* rings/3\.png") as caught:
        gaps.gather(["rings/1.png", "rings/3.png"], folders, tmp_path / "work")
    assert caught.value.code == "pictures_missing"
