"""Scoring predictors on data sets."""
