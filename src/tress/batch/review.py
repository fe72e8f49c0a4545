"""A page with the results of a batch that a person should look at, and what to run next."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from html import escape

from tress.arrays import Rgb8
from tress.batch.planfile import STATE, Plan, address_below, read_plan
from tress.batch.rows import Row
from tress.batch.status import read_rows
from tress.batch.store import Store, open_store, read_input
from tress.batch.worker import MAX_INPUT_BYTES
from tress.errors import TressError
from tress.io.decode import Picture, decode
from tress.io.files import write_atomic
from tress.outputs.preview import embedded, over_checker

_SIDE_PX = 200

_STYLE = """
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2024;--faint:#60646c;--rule:#dcdfe3}
@media (prefers-color-scheme:dark){:root{--ground:#16181b;--ink:#e8eaed;--faint:#a0a6ad;--rule:#33373c}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1280px;margin:0 auto;padding:1rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
.sheet{display:flex;flex-wrap:wrap;gap:1rem;align-items:flex-start}
figure{margin:0;max-width:420px;border-top:1px solid var(--rule);padding-top:.4rem}
figcaption{overflow-wrap:anywhere;font-size:.85rem}small{color:var(--faint)}
img{max-width:200px;vertical-align:top}code{overflow-wrap:anywhere}
"""

# Sorts the pictures of each sheet by what is chosen above it.
_SCRIPT = """
for (const choice of document.querySelectorAll('select')) choice.addEventListener('change', () => {
  const sheet = choice.closest('section').querySelector('.sheet'), key = choice.value;
  const value = (figure) => key === 'confidence' ? Number(figure.dataset[key]) : figure.dataset[key];
  const order = (a, b) => (value(a) > value(b)) - (value(a) < value(b));
  sheet.append(...[...sheet.children].sort(order));
});
"""


def write_review(destination: str, *, output: str | None = None, below: float = 0.8, limit: int = 200) -> str:
    """Writes the page: one file that needs no other.

    Args:
        destination: folder or address of the batch.
        output: path of the page; None is ``.tress/review.html`` at the destination.
        below: results with a lower confidence than this count as unsure.
        limit: pictures of each kind: the least confident ones, the first failures.

    Returns:
        Where it is.

    Raises:
        InputError: there is no plan, or the page cannot be written.
    """
    store = open_store(destination)
    plan = read_plan(store)
    rows = list(read_rows(destination))
    unsure = [row for row in rows if row.status == "ok" and (row.confidence or 0.0) < below]
    empty = [row for row in rows if row.status == "empty"]
    failed = [row for row in rows if row.status == "failed"]
    retried = "".join(
        f"<br><code>tress batch retry {escape(destination)} --code {escape(code)}</code>"
        for code in sorted({row.code for row in failed})
    )
    sections = [
        _section(
            f"Unsure: confidence below {below:g}",
            unsure,
            limit,
            lambda row: _panels(store, plan, row, with_result=True),
            "Where the wrong thing was cut out, cut it out again with <code>tress cut INPUT -o OUTPUT "
            "--overwrite --region …</code>, or with the brush in the page of <code>tress serve</code>. A result that "
            "was changed by hand is never overwritten by a later run.",
        ),
        _section(
            "No subject found",
            empty,
            limit,
            lambda row: _panels(store, plan, row, with_result=False),
            "If there is one, say where: <code>tress cut INPUT -o OUTPUT --overwrite --region …</code>",
        ),
        _section(
            "Failed",
            failed,
            limit,
            lambda _: "",
            f"Once the cause is gone: <code>tress batch retry {escape(destination)}</code>; by code:{retried}",
        ),
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Review of {escape(destination)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Review of {escape(destination)}</h1><p>{len(rows)} of {plan.count} inputs have a row, "
        f"{len(unsure)} are unsure, {len(empty)} have no subject, {len(failed)} failed.</p>"
        f"{''.join(sections)}</main><script>{_SCRIPT}</script></body></html>\n"
    ).encode("utf-8", "backslashreplace")
    if output is not None:
        write_atomic(output, page, overwrite=True)
        return output
    store.replace(f"{STATE}/review.html", page)
    return address_below(store.address, f"{STATE}/review.html")


def _section(title: str, rows: Iterable[Row], limit: int, panels: Callable[[Row], str], advice: str) -> str:
    rows = list(rows)
    shown = heapq.nsmallest(limit, rows, key=lambda row: (row.confidence or 0.0, row.input))
    if not shown:
        return ""
    more = f"; the first {limit} are shown" if len(rows) > limit else ""
    choice = "".join(f'<option value="{key}">{key}</option>' for key in ("confidence", "name", "code"))
    figures = "".join(_figure(row, panels(row)) for row in shown)
    return (
        f"<section><h2>{escape(title)} ({len(rows)}{more})</h2><p>{advice}</p>"
        f'<p><label>Sort by <select>{choice}</select></label></p><div class="sheet">{figures}</div></section>'
    )


def _figure(row: Row, panels: str) -> str:
    facts = [f"confidence {row.confidence:.2f}"] if row.confidence is not None else []
    facts += [escape(f"{row.code}: {row.message}")] if row.code else []
    facts += [escape(warning) for warning in row.warnings]
    name = escape(row.input, quote=True)
    return (
        f'<figure data-confidence="{row.confidence or 0}" data-name="{name}" '
        f'data-code="{escape(row.code, quote=True)}">'
        f"{panels}<figcaption>{name}<br><small>{'; '.join(facts)}</small></figcaption></figure>"
    )


def _panels(store: Store, plan: Plan, row: Row, *, with_result: bool) -> str:
    addresses = [("input", address_below(plan.root, row.input))]
    addresses += [("result", address_below(store.address, row.output))] if with_result else []
    return "".join(_panel(what, address) for what, address in addresses)


def _panel(what: str, address: str) -> str:
    try:
        data, _ = read_input(address, MAX_INPUT_BYTES)
        view = _view(decode(data))
    except TressError as error:
        return f"<small>{what}: {escape(error.message)}</small> "
    return f'<img src="{embedded(view, _SIDE_PX)}" alt="{what}" loading="lazy"> '


def _view(picture: Picture) -> Rgb8:
    return picture.pixels if picture.alpha is None else over_checker(picture.pixels, picture.alpha)
