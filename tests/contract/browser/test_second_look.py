"""A locator that looks twice, the second time finer: what it is shown, and what becomes of both answers."""

import cv2
import numpy as np
import pytest

from tress.process.looks import Located, look_again
from tress.spec import ModelSpec

SPEC = ModelSpec("two-looks", "1", "locator", 128, has_uncertainty=True, has_presence=True, second_look_px=192)
SCRIPT = """
const [matting, arrays] = await Promise.all(["matting", "arrays"].map((name) => import(`/browser/src/${name}.js`)));
const read = async (name) => (await fetch(`/given/${name}`, {cache: "no-store"})).arrayBuffer();
const [height, width] = given.small;
const located = {
  alpha: new arrays.Raster(new Float32Array(await read("alpha")), height, width),
  uncertainty: new arrays.Raster(new Uint8Array(await read("doubt")), height, width),
  presence: 1,
};
const image = new arrays.Raster(new Uint8Array(await read("image")), ...given.size, 3);
// Answers with the mean of green and the prior, and doubts half as much.
const locator = {
  spec: {long_side_px: 128, second_look_px: 192, multiple: 32, has_uncertainty: true, has_presence: true},
  run: async (input, [, , h, w]) => {
    const plane = (i) => input.subarray(i * h * w, (i + 1) * h * w);
    const mean = plane(1).map((green, i) => (green + plane(3)[i]) / 2);
    return [mean, plane(4).map((doubt) => doubt / 2), Float32Array.of(1)];
  },
};
const {alpha, uncertainty} = await matting.lookAgain(image, located, {locator, pause: async () => {}});
await fetch("/", {method: "POST", body: new Blob([alpha.data])});
await fetch("/", {method: "POST", body: new Blob([uncertainty.data])});
return [alpha.height, alpha.width];
"""


class Fake:
    spec = SPEC

    def run(self, x):
        return [(x[:, 1:2] + x[:, 3:4]) / 2, x[:, 4:5] / 2, np.ones(1, np.float32)]


@pytest.mark.parametrize("centre", [(64, 42), (30, 20), (120, 80)])
def test_it_is_what_python_makes_of_it(package, centre):
    rng = np.random.default_rng(1)
    image = cv2.resize(rng.integers(0, 256, (40, 60, 3), np.uint8), (600, 401), interpolation=cv2.INTER_CUBIC)
    disc = cv2.circle(np.zeros((86, 128), np.float32), centre, 20, 1, -1)
    alpha = cv2.GaussianBlur(disc, (0, 0), 3)
    doubt = (255 * 4 * alpha * (1 - alpha)).astype(np.uint8)
    expected = look_again(image, Located(alpha, doubt, 1.0), Fake())
    arrays = {"image": image, "alpha": alpha, "doubt": doubt}
    package.served.files.update({f"given/{name}": array.tobytes() for name, array in arrays.items()})
    shape = package.run(SCRIPT, size=image.shape[:2], small=alpha.shape)
    there_doubt = np.frombuffer(package.served.posted.pop(), np.uint8).reshape(shape)
    there_alpha = np.frombuffer(package.served.posted.pop(), np.float32).reshape(shape)
    assert there_alpha.shape == expected.alpha.shape
    # OpenCV warps to 1/32 of a pixel.
    assert np.abs(there_alpha - expected.alpha).max() < 0.01
    assert np.abs(there_doubt.astype(int) - expected.uncertainty).max() <= 3
