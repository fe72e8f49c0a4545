"""Scores of one prediction by any metrics."""

from __future__ import annotations

from functools import partial
from typing import Any

from tress.arrays import check_same_size
from tress.evaluation.alpha_file import read_alpha
from tress.evaluation.data import Truth
from tress.evaluation.predictors import Prediction
from tress.metrics.base import Colours, Metric, Sample
from tress.process.foreground import estimate_foreground


def score(
    prediction: Prediction, truth: Truth, metrics: dict[str, Metric], *, cleans_colours: bool = False
) -> dict[str, list[float]]:
    """What each metric says about a prediction; metrics that do not apply to this picture are missing.

    Args:
        prediction: alpha at the picture's own size.
        truth: the picture and its label.
        metrics: by name.
        cleans_colours: the predictor's cut-outs have estimated foreground colours.

    Raises:
        InputError: the sizes differ.
    """
    check_same_size(prediction.alpha, truth.image, ("the predicted alpha", "its picture"))
    sample = make_sample(prediction, truth, cleans_colours=cleans_colours)
    results = {name: metric(sample) for name, metric in metrics.items()}
    return {name: result.tolist() for name, result in results.items() if result is not None}


def make_sample(prediction: Prediction, truth: Truth, *, cleans_colours: bool) -> Sample:
    """Prediction and truth as metrics take them."""
    label = truth.label
    return Sample(
        prediction.alpha,
        label.true_alpha,
        label.where > 0,
        label.soft > 0,
        prediction.presence,
        partial(_colours, prediction, truth, cleans_colours),
    )


def _colours(prediction: Prediction, truth: Truth, cleans_colours: bool) -> Colours:
    """Foreground colours of both sides; the true ones are estimated with the true alpha, for nobody knows them."""
    true = estimate_foreground(truth.image, truth.label.true_alpha)
    if prediction.foreground is not None:
        stored = read_alpha(prediction.foreground).foreground
        if stored is not None:
            return Colours(stored, true)
    return Colours(estimate_foreground(truth.image, prediction.alpha) if cleans_colours else truth.image, true)


def scalars(values: dict[str, list[float]], metrics: dict[str, Metric]) -> dict[str, float]:
    """The results that are themselves scores of the picture."""
    return {name: value[0] for name, value in values.items() if metrics[name].per_picture}


def row(name: str, scores: dict[str, Any], prediction: Prediction, **more: Any) -> dict[str, Any]:
    """One line of the report: a picture, what was measured on it, and what the predictor said about it."""
    about = {
        "presence": prediction.presence,
        "confidence": prediction.confidence,
        "found": prediction.found,
        "seconds": prediction.seconds,
    }
    return {"picture": name, **more, **scores, **about}
