"""``python -m tress`` is ``tress``."""

from __future__ import annotations

from tress.cli.main import run

run()
