"""For programs that PyInstaller freezes: it asks the entry point ``pyinstaller40`` where the hooks of a package lie."""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """The folder of this package's hooks."""
    return [str(Path(__file__).parent)]
