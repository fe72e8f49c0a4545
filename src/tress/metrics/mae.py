"""MAE: mean absolute error of alpha over the pixels whose truth is known.

For a soft alpha this is MAD; MAE also takes binary masks, outside the ignored band at their edge, and pictures without
a subject, where it says how much was found that is not there.
Reference: Perazzi et al., Saliency Filters, CVPR 2012.
Nothing is stretched: many public scripts scale each prediction to [0, 1] first, which hides faint noise.
"""

from __future__ import annotations

import numpy as np

from tress.metrics.base import Metric, Sample


def mae(sample: Sample) -> float:
    """Mean of ``|pred - true|`` over known pixels."""
    return float(np.abs(sample.pred_alpha[sample.where].astype(np.float64) - sample.true_alpha[sample.where]).mean())


METRICS = (Metric("mae", "MAE", "lower", "where", mae, needs_subject=False),)
