"""SAD: sum of absolute differences of alpha, divided by 1000.

Reference: Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting, CVPR 2009.
Pinned: ``sum(|pred - true|) / 1000`` at the picture's own resolution, so it grows with the picture; compare only on the
same pictures.  ``sad`` sums over the whole picture, ``sad_unknown`` over the unknown band of the true alpha.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.regions import difference, whole_and_unknown

METRICS = whole_and_unknown("sad", "SAD", lambda sample: np.abs(difference(sample)), "sum")
