"""What every page of figures is made of: one file, no script, no request to anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tress.evaluation.report.style import STYLE


def page(title: str, parts: Sequence[str]) -> str:
    """A page with ``title`` above ``parts``, which are HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{''.join(parts)}</main></body></html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def charts_row(charts: Sequence[str]) -> str:
    """Charts of ``svg`` beside each other; nothing if all are empty."""
    shown = "".join(f"<div>{chart}</div>" for chart in charts if chart)
    return f'<div class="charts">{shown}</div>' if shown else ""


def figure(caption: str, panels: Sequence[tuple[str, str]]) -> str:
    """Pictures beside each other under a caption that is HTML already; ``panels`` are captions and addresses."""
    images = "".join(
        f'<span><img src="{address}" alt="{escape(name, quote=True)}" loading="lazy">'
        f"<small>{escape(name)}</small></span>"
        for name, address in panels
    )
    return f'<figure><figcaption>{caption}</figcaption><div class="panels">{images}</div></figure>'
