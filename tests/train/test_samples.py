"""Samples for the locator: what is drawn how often, what a sample holds, and how composites are made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress.process.difficulty import Difficulty
from tress.process.geometry import warp
from tress_train.data import compose, views
from tress_train.data.dataset import TrainingSet
from tress_train.data.library import Library, load_library
from tress_train.recipes.stages import LATER, OTHERS, Composites, Limits, Mix
from tress_train.tasks.base import to_floats

pytestmark = pytest.mark.train

MIX = Mix(sets={OTHERS: 0.5}, composite=0.4, empty=0.1, composites=Composites(studio=0.5, near_colour=0.5))


class AsSeen(TrainingSet):
    """Samples as the task sees them."""

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return to_floats(super().__getitem__(index))


def samples(library: Library, mix: Mix = MIX, **changes: object) -> TrainingSet:
    settings = {"sides_px": (64,), "batch": 2, "seed": 3, "length": 40, **changes}
    return AsSeen(library, [(mix, 1.0)], {}, **settings)  # type: ignore[arg-type]


def test_a_sample_depends_on_seed_and_index_alone(library: Library) -> None:
    first, second, other = samples(library), samples(library), samples(library, seed=4)
    for i in (7, 3):
        assert torch.equal(first[i]["image"], second[i]["image"])
    assert any(not torch.equal(first[i]["alpha"].mean(), other[i]["alpha"].mean()) for i in range(5))


def test_samples_of_a_batch_have_one_size_and_values_in_range(library: Library) -> None:
    data = samples(library, with_colours=True)
    for i in range(0, 40, 2):
        one, two = data[i], data[i + 1]
        assert one["image"].shape == two["image"].shape
        for name, value in one.items():
            if name != "index":
                assert 0 <= float(value.min()) <= float(value.max()) <= 1, name


def test_pictures_are_bytes_until_the_task_has_them(library: Library) -> None:
    raw = TrainingSet(library, [(MIX, 1.0)], {}, sides_px=(64,), batch=2, seed=3, length=40, with_colours=True)
    seen = samples(library, with_colours=True)
    pictures = {name for name, value in raw[4].items() if value.ndim == 3}
    assert pictures == {"image", "alpha", "where", "soft", "fuzzy", "gaps", "foreground", "background"}
    for name in pictures:
        assert raw[4][name].dtype == torch.uint8
        assert seen[4][name].dtype == torch.float32
        assert torch.equal((seen[4][name] * 255).round().byte(), raw[4][name])
    kept = to_floats(raw[4], but=("alpha",))
    assert kept["alpha"].dtype == torch.uint8
    assert kept["index"].dtype == raw[4]["index"].dtype


def test_hard_edges_never_teach_a_soft_value(library: Library) -> None:
    data = samples(library, Mix(sets={"rough": 1.0}))
    for i in range(10):
        assert float(data[i]["soft"].max()) == 0
        assert float(data[i]["where"].max()) == 1


def test_photos_from_far_away_are_small_and_nothing_is_known_around_them(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "CUT", 0.0)
    monkeypatch.setattr(views, "FAR", 1.0)
    data = samples(library, Mix(sets={"discs": 1.0}))
    known = [float(data[i]["where"].mean()) for i in range(20)]
    assert max(known) < 0.75
    assert min(known) < 0.3
    assert all(float(data[i]["soft"].mean()) <= known[i] for i in range(20))


def test_empty_pictures_say_that_there_is_no_subject(library: Library) -> None:
    data = samples(library, Mix(sets={"discs": 1e-9}, empty=1.0))
    assert all(float(data[i]["presence"]) == 0 and float(data[i]["alpha"].max()) == 0 for i in range(10))


def test_light_falls_unevenly_on_as_many_backgrounds_as_a_mix_says(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    lit = 0
    real = compose.uneven_light

    def counted(*given: object) -> np.ndarray:
        nonlocal lit
        lit += 1
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(compose, "uneven_light", counted)
    least_and_most = {0.0: (0, 0), 0.5: (10, 30), 1.0: (40, 40)}
    for share, (least, most) in least_and_most.items():
        for mix in (Mix(sets={"discs": 1e-9}, empty=1.0), Mix(sets={"discs": 1e-9}, composite=1.0)):
            lit = 0
            data = samples(library, replace(mix, uneven_light=share, composites=Composites(studio=1.0)))
            assert all(data[i]["image"].shape[0] == 3 for i in range(40))
            assert least <= lit <= most


def test_pictures_without_a_subject_are_drawn_as_such(library: Library, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((70, 70, 3), (0, 0, 255), np.uint8))
    record = Record(tmp_path / "a.png", None, "mine", "empty", "empty", 0)
    [picture] = load_library({"a": record}, 80).empty
    mix = Mix(sets={OTHERS: 0.01}, empty=1.0, composites=Composites(studio=1.0))
    own = samples(replace(library, empty=[picture]), mix)
    red = [i for i in range(20) if own[i]["image"][0].mean() > 2 * own[i]["image"][1:].mean() + 0.1]
    assert 5 <= len(red) <= 15
    assert float(own[red[0]]["alpha"].max()) == 0


def test_sets_of_later_folders_have_a_share_of_their_own(library: Library) -> None:
    def drawn(mix: Mix, later: frozenset[str]) -> dict[str, float]:
        made = samples(replace(library, later=later), mix)
        return {draw.name: share for draw, share in zip(made.draws, made._shares, strict=True)}

    mix = Mix(sets={OTHERS: 0.5, LATER: 0.3}, empty=0.2)
    shares = drawn(mix, frozenset({"rough"}))
    assert shares == pytest.approx({"discs": 0.5, "rough": 0.3, "empty": 0.2})
    for later in (frozenset[str](), frozenset({"discs", "rough"})):
        assert drawn(mix, later) == pytest.approx({"discs": 0.4, "rough": 0.4, "empty": 0.2})
    named = Mix(sets={"rough": 0.5, OTHERS: 0.5})
    assert drawn(named, frozenset({"rough"})) == pytest.approx({"discs": 0.5, "rough": 0.5})


def test_limits_keep_pictures_out_and_say_so(library: Library) -> None:
    keys = [photo.key for photo in library.photos["discs"]]
    difficulty = {key: Difficulty(1, 0.3, float(i), 0.0, 0.0, 0) for i, key in enumerate(keys)}
    limited = Mix(sets={"discs": 1.0}, limits=Limits(contrast_min=len(keys) - 2))
    data = TrainingSet(library, [(limited, 1.0)], difficulty, sides_px=(64,), batch=2, seed=1, length=20)
    assert data.pools() == {"discs": 2}
    assert {data.describe(i).split(": ")[1] for i in range(20)} == set(keys[-2:])
    with pytest.raises(InputError, match="usable"):
        samples(library, Mix(sets={"cats": 1.0}))


def test_replay_draws_earlier_mixes_as_often_as_it_says(library: Library) -> None:
    mixes = [(Mix(sets={"discs": 1.0}), 0.8), (Mix(sets={"rough": 1.0}), 0.2)]
    data = TrainingSet(library, mixes, {}, sides_px=(64,), batch=2, seed=1, length=400)
    rough = sum("rough" in data.describe(i) for i in range(400))
    assert 50 <= rough <= 110


def test_batches_take_their_sizes_in_turn(library: Library) -> None:
    data = samples(library, sides_px=(128, 64), batch=3)
    longest = [max(data[i]["image"].shape[1:]) for i in range(12)]
    assert longest == [128] * 3 + [64] * 3 + [128] * 3 + [64] * 3


def test_describe_names_the_picture_that_the_sample_shows(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    data = samples(library, Mix(sets={"discs": 1.0}))
    shown: list[str] = []
    real = views.view
    by_alpha = {id(photo.label.alpha): photo.key for photo in library.photos["discs"]}

    def watched(alpha: np.ndarray, *others: object) -> np.ndarray:
        shown.append(by_alpha[id(alpha)])
        return real(alpha, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(views, "view", watched)
    for i in range(8):
        data[i]
    assert [data.describe(i) for i in range(8)] == [f"sample {i}: {key}" for i, key in enumerate(shown)]
    assert len(set(shown)) > 1


def test_a_view_that_the_frame_cuts_loses_its_share_of_the_subject_at_one_side() -> None:
    alpha = np.zeros((60, 80), np.uint8)
    alpha[20:50, 30:50] = 255
    rng = np.random.default_rng(1)
    sides: set[str] = set()
    for _ in range(60):
        matrix = views.cut_by_frame(alpha, 96, 128, rng)
        assert matrix is not None
        seen = warp(alpha, matrix, 96, 128, border=0) > 127
        area = abs(np.linalg.det(matrix[:, :2])) * (alpha > 127).sum()
        assert 0.35 < seen.sum() / area < 0.85
        rims = {"top": seen[0], "bottom": seen[-1], "left": seen[:, 0], "right": seen[:, -1]}
        sides.add(max(rims, key=lambda name: rims[name].sum()))
    assert len(sides) == 4
    assert views.cut_by_frame(np.zeros_like(alpha), 96, 128, rng) is None


@pytest.mark.parametrize("grounded", [False, True])
def test_a_cut_out_that_the_canvas_cuts_loses_its_share(grounded: bool) -> None:
    cutout = np.full((60, 40, 4), 255, np.uint8)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        layer = compose.place(cutout, 96, 96, rng, grounded=grounded, zoom=(0.5, 0.51), cut=0.4)
        area = 60 * 40 * (0.505 * 96 / 60) ** 2
        assert 0.35 < layer[..., 3].sum() / area < 0.75


def test_a_composite_is_what_its_colours_and_alpha_say() -> None:
    rng = np.random.default_rng(0)
    cutout = np.zeros((40, 40, 4), np.uint8)
    cv2.circle(cutout, (20, 20), 15, (200, 60, 30, 255), -1, cv2.LINE_AA)
    background = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        layers = [compose.place(cutout, 64, 64, rng, grounded=False) for _ in range(2)]
        made = compose.compose_with_colours(background, layers, np.random.default_rng(seed))
        a = made.alpha[..., None] / 255
        mixed = a * made.foreground + (1 - a) * made.background
        assert np.abs(mixed - made.image).max() <= 3
        image, alpha = compose.compose(background, layers, np.random.default_rng(seed))
        assert np.array_equal(image, made.image)
        assert np.array_equal(alpha, made.alpha)


def test_clear_pixels_take_the_colour_of_the_subject_nearby() -> None:
    layer = np.zeros((32, 32, 4), np.float32)
    layer[10:20, 10:20] = (0.8, 0.2, 0.1, 1.0)
    layer[20] = layer[19] * 0.3
    foreground = compose.true_foreground(layer)
    assert np.allclose(foreground, (0.8, 0.2, 0.1), atol=0.02)


def test_uneven_light_is_smooth_and_keeps_the_texture() -> None:
    rng = np.random.default_rng(5)
    texture = np.clip(rng.normal(120, 12, (96, 128, 3)), 0, 255).astype(np.uint8)
    hard = 0
    for seed in range(20):
        lit = compose.uneven_light(texture, np.random.default_rng(seed))
        assert lit.shape == texture.shape
        assert lit.dtype == np.uint8
        assert np.array_equal(lit, compose.uneven_light(texture, np.random.default_rng(seed)))
        # What falls on a grey wall falls on a texture as well.
        light = compose.uneven_light(np.full_like(texture, 100), np.random.default_rng(seed)) / np.float32(100)
        assert light.max() - light.min() > 0.05
        unclipped = light < 2
        assert np.abs(lit - np.clip(texture * light, 0, 255))[unclipped].max() < 2
        hard += np.abs(np.diff(light[..., 1], axis=1)).max() > 0.06
    assert 3 <= hard <= 17


def test_near_colour_brings_the_background_to_the_subject_and_keeps_its_texture() -> None:
    rng = np.random.default_rng(0)
    layer = np.zeros((64, 64, 4), np.float32)
    layer[16:48, 16:48] = (0.8, 0.3, 0.2, 1.0)
    background = rng.integers(90, 130, (64, 64, 3)).astype(np.uint8)
    subject = np.array([204, 76, 51])
    near = compose.near_colour(background, layer, rng)
    before, after = (np.abs(x.mean((0, 1)) - subject).mean() for x in (background, near))
    assert after < 0.6 * before
    assert near.std((0, 1)) == pytest.approx(background.std((0, 1)), rel=0.2)
    assert np.array_equal(compose.near_colour(background, np.zeros_like(layer), rng), background)


def test_a_bystander_is_ground_and_less_sharp_than_any_subject() -> None:
    cutout = np.zeros((60, 40, 4), np.uint8)
    cutout[..., 3], cutout[::2, :, :3] = 255, 255
    grey = np.full((128, 128, 3), 40, np.uint8)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        layer = compose.place(cutout, 128, 128, rng, grounded=False, zoom=(0.5, 0.6))
        ground = compose.out_of_focus(grey, layer, rng)
        assert ground.dtype == np.uint8
        there = np.abs(ground.astype(int) - 40).max(2)
        assert there[layer[..., 3] > 0.99].max() > 30
        # A step of the whole range is spread over several pixels.
        assert np.abs(np.diff(ground.astype(int), axis=0)).max() < 50
        image, alpha = compose.compose(ground, [np.zeros_like(layer)], rng)
        assert not alpha.any()
        assert np.array_equal(image, ground)


def test_a_cast_shadow_lies_at_the_foot_and_only_on_the_ground() -> None:
    layer = np.zeros((128, 128, 4), np.float32)
    layer[30:90, 56:72] = (0.9, 0.9, 0.9, 1.0)
    white = np.full((128, 128, 3), 255, np.uint8)
    behind = 0
    for seed in range(20):
        shadow = compose.cast_shadow_of(layer[..., 3], np.random.default_rng(seed))
        assert 0.2 < shadow.max() < 0.71
        assert shadow[84:94, 50:78].max() > 0.4 * shadow.max()
        rows = np.flatnonzero(shadow.max(1) > 0.1)
        behind += rows[0] < 80
        # It is flatter than what casts it, and on one side of the foot.
        assert 8 <= len(rows) < 55
        assert (rows[0] > 80) != (rows[-1] < 100)
        made = compose.compose_with_colours(white, [layer], np.random.default_rng(seed), cast_shadows=1.0)
        assert made.background.min() < 210
        assert np.array_equal(made.alpha, (layer[..., 3] * 255).astype(np.uint8))
        inside = made.image[32:88, 58:70]
        assert np.ptp(inside) <= 1
    assert 5 <= behind <= 15
    assert not compose.cast_shadow_of(np.zeros((32, 32), np.float32), np.random.default_rng(0)).any()


@pytest.mark.parametrize(("field", "drawn"), [("bystanders", "out_of_focus"), ("cast_shadows", "cast_shadow_of")])
def test_bystanders_and_cast_shadows_are_drawn_as_often_as_a_mix_says(
    field: str, drawn: str, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    real = getattr(compose, drawn)

    def counted(*given: object) -> np.ndarray:
        nonlocal count
        count += 1
        return real(*given)  # type: ignore[no-any-return]

    monkeypatch.setattr(compose, drawn, counted)
    for share, (least, most) in {0.0: (0, 0), 0.5: (10, 30), 1.0: (40, 40)}.items():
        count = 0
        rules = replace(Composites(studio=1.0, several=0.0), **{field: share})
        data = samples(library, Mix(sets={"discs": 1e-9}, composite=1.0, composites=rules))
        assert all(data[i]["image"].shape[0] == 3 for i in range(40))
        assert least <= count <= most
