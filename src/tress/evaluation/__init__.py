"""Scoring predictors on data sets: ``evaluate`` in ``run.py`` is the way in."""
