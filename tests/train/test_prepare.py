from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tress.errors import InputError
from tress_train.data.collection import read_collection
from tress_train.data.prepare import check_folder, is_binary, write_manifest
from tress_train.data.reading import read_alpha

pytestmark = pytest.mark.train


def photo(path: Path, size: int = 90, shade: int = 90) -> Path:
    rng = np.random.default_rng(shade)
    cv2.imwrite(str(path), rng.integers(0, 256, (size, size, 3)).astype(np.uint8))
    return path


def matte(path: Path, size: int = 90, *, soft: bool = True) -> Path:
    alpha = np.zeros((size, size), np.uint8)
    cv2.circle(alpha, (size // 2, size // 2), size // 3, 255, -1)
    cv2.imwrite(str(path), cv2.GaussianBlur(alpha, (0, 0), 2) if soft else alpha)
    return path


def cutout(path: Path, size: int = 90) -> Path:
    alpha = np.zeros((size, size), np.uint8)
    cv2.circle(alpha, (size // 2, size // 2), size // 3, 255, -1)
    image = np.dstack([np.full((size, size, 3), 120, np.uint8), cv2.GaussianBlur(alpha, (0, 0), 2)])
    cv2.imwrite(str(path), image)
    return path


def test_a_good_folder_becomes_data_to_train_on(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    photo(tmp_path / "a.jpg", shade=1)
    matte(tmp_path / "a.alpha.png")
    photo(tmp_path / "deep" / "b.png", shade=2)
    matte(tmp_path / "deep" / "b.alpha.png", soft=False)
    cutout(tmp_path / "c.png")
    check = check_folder(tmp_path)
    assert check.problems == []
    assert [(row["image"], row["edge"], row["ignore_px"]) for row in check.rows] == [
        ("a.jpg", "soft", 0),
        ("c.png", "rgba", 0),
        ("deep/b.png", "hard", 2),
    ]
    assert "binary" in check.notes[0]
    write_manifest(tmp_path, check)
    records = read_collection([tmp_path]).train
    assert set(records) == {f"{tmp_path.name}/{name}" for name in ("a.jpg", "c.png", "deep/b.png")}


def test_everything_that_is_wrong_is_listed_picture_by_picture(tmp_path: Path) -> None:
    photo(tmp_path / "lonely.jpg", shade=1)
    photo(tmp_path / "size.jpg", shade=2)
    matte(tmp_path / "size.alpha.png", 80)
    photo(tmp_path / "black.jpg", shade=3)
    cv2.imwrite(str(tmp_path / "black.alpha.png"), np.zeros((90, 90), np.uint8))
    photo(tmp_path / "white.jpg", shade=4)
    cv2.imwrite(str(tmp_path / "white.alpha.png"), np.full((90, 90), 255, np.uint8))
    photo(tmp_path / "cut.jpg", shade=5)
    matte(tmp_path / "cut.alpha.png")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:900])
    photo(tmp_path / "tiny.jpg", 40, shade=6)
    matte(tmp_path / "tiny.alpha.png", 40)
    photo(tmp_path / "good.jpg", shade=7)
    matte(tmp_path / "good.alpha.png")
    (tmp_path / "twin.jpg").write_bytes((tmp_path / "good.jpg").read_bytes())
    matte(tmp_path / "twin.alpha.png")
    matte(tmp_path / "orphan.alpha.png")
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    photo(tmp_path / "two.jpg", shade=8)
    photo(tmp_path / "two.png", shade=9)
    matte(tmp_path / "two.alpha.png")
    check = check_folder(tmp_path)
    said = {problem.file: problem.what for problem in check.problems}
    for name, words in {
        "lonely.jpg": "lonely.alpha.png",
        "size.jpg": "80x80, the photo 90x90",
        "black.jpg": "black everywhere",
        "white.jpg": "white everywhere",
        "cut.jpg": "cannot be read",
        "tiny.jpg": "too small: 40x40",
        "twin.jpg": "same file as good.jpg",
        "orphan.alpha.png": "without a photo",
        "text.png": "no picture",
        "two.png": "two.jpg",
    }.items():
        assert words in said.pop(name)
    assert said == {}
    assert [row["image"] for row in check.rows] == ["good.jpg", "two.jpg"]


def mask_files(folder: Path) -> np.ndarray:
    """One soft mask as files of many kinds; the fourth channel of ``cut`` holds it, its colours do not."""
    path = matte(folder / "grey.png")
    grey = Image.open(path).convert("L")
    alpha = np.asarray(grey)
    full = Image.new("L", grey.size, 255)
    Image.merge("RGBA", (grey, grey, grey, full)).save(folder / "opaque.png")
    Image.merge("RGBA", (full, full, full, grey)).save(folder / "white.png")
    Image.merge("LA", (full, grey)).save(folder / "la.png")
    Image.merge("RGBA", (full.point(lambda _: 90), full, full, grey)).save(folder / "cut.png")
    Image.fromarray(alpha.astype(np.uint16) * 257).save(folder / "deep.png")
    palette = Image.fromarray(alpha, "L").convert("P")
    palette.putpalette([value for i in range(256) for value in (i, i, i)])
    palette.save(folder / "palette.png")
    return alpha


@pytest.mark.parametrize("name", ["grey", "opaque", "white", "la", "cut", "deep", "palette"])
def test_a_mask_is_read_from_where_it_stands(name: str, tmp_path: Path) -> None:
    alpha = mask_files(tmp_path)
    np.testing.assert_array_equal(read_alpha(tmp_path / f"{name}.png"), alpha)


def test_a_coloured_mask_is_refused(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "a.alpha.png", shade=3)
    [problem] = check_folder(tmp_path).problems
    assert "is a colour picture, not an alpha" in problem.what


def test_pictures_of_kinds_that_are_not_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.HEIC").write_bytes(b"some")
    [problem] = check_folder(tmp_path).problems
    assert str(problem) == "a.HEIC: is not read: HEIC; save it as JPEG, PNG or WebP"


def test_an_empty_folder_and_none_at_all_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        check_folder(tmp_path)
    assert error.value.code == "folder_empty"
    with pytest.raises(InputError) as error:
        check_folder(tmp_path / "nowhere")
    assert error.value.code == "folder_missing"


def test_a_manifest_is_not_overwritten_unasked(tmp_path: Path) -> None:
    cutout(tmp_path / "c.png")
    check = check_folder(tmp_path)
    path = write_manifest(tmp_path, check)
    before = path.read_text(encoding="utf-8")
    check.rows[0]["kind"] = "people"
    with pytest.raises(InputError) as error:
        write_manifest(tmp_path, check)
    assert error.value.code == "manifest_exists"
    assert path.read_text(encoding="utf-8") == before
    write_manifest(tmp_path, check, overwrite=True)
    assert json.loads(path.read_text(encoding="utf-8"))["kind"] == "people"


def test_the_users_own_word_about_the_edge_is_kept(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    matte(tmp_path / "a.alpha.png", soft=False)
    assert check_folder(tmp_path, "exact").rows[0]["edge"] == "exact"
    row = check_folder(tmp_path, "hard", 5).rows[0]
    assert (row["edge"], row["ignore_px"]) == ("hard", 5)


def test_antialiasing_makes_a_mask_soft_and_compression_specks_do_not() -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[50:150, 50:150] = 255
    assert is_binary(mask)
    mask[0, :9] = 100
    assert is_binary(mask)
    assert not is_binary(cv2.GaussianBlur(mask, (0, 0), 1))
