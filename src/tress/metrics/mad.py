"""MAD: mean absolute difference of alpha.

Reference: Li et al., Privacy-Preserving Portrait Matting, ACM MM 2021 (P3M), and others.
Pinned: mean over the pixels of the region; ``mad`` the whole picture, ``mad_unknown`` the unknown band of the true
alpha.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.regions import difference, whole_and_unknown

METRICS = whole_and_unknown("mad", "MAD", lambda sample: np.abs(difference(sample)), "mean")
