"""Scores of pictures while a network is trained, and sheets that show them.

Release scores never come from here but from ``tress.evaluation``.

- ``quick_eval``: a locator's scores on labelled pictures;
- ``band_eval``: what a refiner gains over the alpha it was given;
- ``contact_sheet``: pictures, predictions and truth side by side.
"""
