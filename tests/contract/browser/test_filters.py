"""The arithmetic under the pipeline: the same as OpenCV's, to within rounding."""

import cv2
import numpy as np
import pytest

from tress.process.geometry import resize

LOAD = """
const [arrays, geometry, filters] = await Promise.all(
  ["arrays", "process/geometry", "process/filters"].map((name) => import(`/browser/src/${name}.js`)),
);
const samples = given.dtype === "uint8" ? Uint8Array : Float32Array;
const data = new samples(await (await fetch("/given/array", {cache: "no-store"})).arrayBuffer());
const raster = new arrays.Raster(data, given.height, given.width, given.channels);
"""
SEND = "await fetch('/', {method: 'POST', body: new Blob([out.data])}); return [out.height, out.width];"


@pytest.fixture
def compute(package):
    """The array that a script makes as `out` of a `raster`."""

    def run(array, script, **given):
        package.served.files["given/array"] = array.tobytes()
        channels = array.shape[2] if array.ndim == 3 else 1
        facts = {"dtype": array.dtype.name, "height": array.shape[0], "width": array.shape[1], "channels": channels}
        shape = package.run(LOAD + script + SEND, **facts, **given)
        return np.frombuffer(package.served.posted.pop(), array.dtype).reshape(*shape, *array.shape[2:])

    return run


@pytest.fixture
def noise():
    def make(dtype, *shape):
        values = np.random.default_rng(5).random(shape, np.float32)
        return (values * 255.99).astype(np.uint8) if dtype == "uint8" else values

    return make


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    "size",
    [(30, 44), (41, 61), (123, 61), (41, 185), (200, 300), (246, 370), (123, 184), (122, 186), (130, 180), (1, 1)],
)
def test_resizing(compute, noise, dtype, size):
    """Whole and broken shares, one side kept, both growing, and one shrinking while the other grows.

    OpenCV interpolates bytes in whole numbers, so that one in eight is another by 1.
    """
    array = noise(dtype, 123, 185, 3)
    there = compute(array, "const out = geometry.resize(raster, ...given.size);", size=size)
    distance = np.abs(there.astype(np.float64) - resize(array, *size))
    assert distance.max() <= (1 if dtype == "uint8" else 1e-5)
    assert distance.mean() <= (0.15 if dtype == "uint8" else 1e-6)


@pytest.mark.parametrize("reach", [1, 4, 40])
def test_dilation(compute, noise, reach):
    mask = (noise("float32", 83, 61) > 0.995).astype(np.uint8)
    there = compute(mask, "filters.dilate(raster, given.reach); const out = raster;", reach=reach)
    assert np.array_equal(there, cv2.dilate(mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)))


@pytest.mark.parametrize("radius", [1, 6, 46, 90])
def test_box_means(compute, noise, radius):
    array = noise("float32", 83, 61)
    script = "filters.boxMean(data, given.height, given.width, given.radius, new Float64Array(data.length));"
    there = compute(array, f"{script} const out = raster;", radius=radius)
    side = (2 * radius + 1, 2 * radius + 1)
    assert there == pytest.approx(cv2.blur(array, side, borderType=cv2.BORDER_REPLICATE), abs=1e-5)


@pytest.mark.parametrize(("sigma", "down"), [(0.5, 0.5), (2.5, 2.5), (30, 30), (12, 3)])
@pytest.mark.parametrize(
    ("border", "cv_border"), [("reflect", cv2.BORDER_REFLECT_101), ("repeat", cv2.BORDER_REPLICATE)]
)
def test_gaussian_blur(compute, noise, sigma, down, border, cv_border):
    array = noise("float32", 83, 61)
    script = "const out = filters.gaussianBlur(raster, given.sigma, {down: given.down, border: given.border});"
    there = compute(array, script, sigma=sigma, down=down, border=border)
    expected = cv2.GaussianBlur(array, (0, 0), sigma, sigmaY=down, borderType=cv_border)
    assert there == pytest.approx(expected, abs=1e-5)


def test_rounding_is_to_even(package):
    values = [0.5, 1.5, 2.5, -0.5, 2.4999, 1e9 + 0.5, 7]
    rounded = package.run(
        "const {round} = await import('/browser/src/arrays.js'); return given.values.map(round);", values=values
    )
    assert rounded == [round(value) for value in values]
