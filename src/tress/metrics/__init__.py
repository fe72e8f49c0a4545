"""Metrics, one per file, each with its protocol and source in the docstring of its module.

A file of this folder that defines ``METRICS`` is found by the registry; nothing else needs to be told.
"""
