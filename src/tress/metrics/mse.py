"""MSE: mean squared difference of alpha.

Reference: Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting, CVPR 2009.
Pinned: mean over the pixels of the region; ``mse`` the whole picture, ``mse_unknown`` the unknown band of the true
alpha.  Not multiplied by 1000.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.regions import difference, whole_and_unknown

METRICS = whole_and_unknown("mse", "MSE", lambda sample: np.square(difference(sample)), "mean")
