"""What the user gets: output options, each declared once in its own file, and ``render``, which applies them."""

from __future__ import annotations

from tress.outputs.options import OPTIONS, OutputOptions, describe, parse
from tress.outputs.render import render

__all__ = ["OPTIONS", "OutputOptions", "describe", "parse", "render"]
