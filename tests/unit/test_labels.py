import numpy as np

from tress.process.labels import make_label


def disc(level: int = 255) -> np.ndarray:
    y, x = np.mgrid[:60, :60]
    return np.where((y - 30) ** 2 + (x - 30) ** 2 < 15**2, level, 0).astype(np.uint8)


def test_a_hard_edge_says_nothing_near_the_edge_and_nothing_soft():
    label = make_label(disc(), "hard", 3)
    assert not label.soft.any()
    assert label.where[30, 30] == 255
    assert label.where[0, 0] == 255
    assert not label.where[30, 43:48].any()
    assert label.where[30, 49] == 255
    assert label.where[30, 40] == 255


def test_a_hard_mask_that_reaches_the_border_is_known_there():
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:, :20] = 255
    label = make_label(alpha, "hard", 2)
    assert label.where[:, 0].all()
    assert not label.where[:, 19].any()


def test_unknown128_knows_all_but_the_middle():
    alpha = np.array([[0, 87, 88, 128, 168, 169, 255]], np.uint8)
    label = make_label(alpha, "unknown128")
    assert label.where.tolist() == [[255, 255, 0, 0, 0, 255, 255]]
    assert not label.soft.any()


def test_exact_alpha_counts_everywhere():
    label = make_label(disc(90), "exact")
    assert label.where.all()
    assert label.soft.all()
    assert label.true_alpha.dtype == np.float32
    assert label.true_alpha.max() == np.float32(90 / 255)


def test_an_unsure_teacher_is_dropped():
    assert make_label(disc(128), "teacher") is None
    sure = make_label(disc(255), "teacher")
    assert sure.where.all()
    assert not sure.soft.any()


def test_doubt_along_a_teachers_edge_is_fuzzy_and_doubt_elsewhere_is_not():
    alpha = np.zeros((80, 80), np.uint8)
    alpha[:, 40:] = 255
    alpha[:, 38:42] = 128
    alpha[10:14, 70:74] = 128
    label = make_label(alpha, "teacher")
    assert (label.fuzzy[:, 38:42] == 255).all()
    assert not label.fuzzy[10:14, 70:74].any()
    assert not label.where[label.fuzzy > 0].any()
    assert make_label(disc(), "hard", 3).fuzzy is None
