"""``python -m tress`` is ``tress``."""

from __future__ import annotations

from tress.cli.main import run

if __name__ == "__main__":
    run()
