"""The refiner on the training loop: run, resume, gates, starting weights."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")



