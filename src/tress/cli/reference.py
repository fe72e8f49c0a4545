"""The page docs/cli.md, made from the commands themselves: ``python -m tress.cli.reference > docs/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import typer

from tress.cli.failures import MEANINGS
from tress.cli.main import app
from tress.outputs import OPTIONS
from tress.outputs.option import Flag

_INTRODUCTION = """\
# The command line

<!-- Made by `python -m tress.cli.reference`; edit the declarations, not this page. -->

```
tress photo.jpg                                 # photo.cutout.png beside it
tress photos/ -o cutouts/                       # a folder with all below; the tree is kept
tress photo.jpg -o shop.jpg --background white --crop --margin 5% --size 1000x1000
tress cut a.jpg b.heic --format webp --json     # one line of JSON for each input
tress - < photo.jpg > cutout.png                # from stdin to stdout
tress batch photos/ cutouts/                    # with a plan and a ledger: docs/batch.md
```

`tress photo.jpg` is short for `tress cut photo.jpg`. A picture that is called like a command needs a path: `./models`.
`-` is stdin as an input and stdout as an output.

Without `--output` the result lies beside its input as `photo.cutout.png`. `--output` names a file for one picture, and
a folder (in which results keep their names and their place in the tree) for several. Nothing is ever overwritten
without `--overwrite`, and inputs never are. `--skip-existing` goes on where a run was stopped; earlier results are no
inputs. What can be refused, such as two inputs that would share a result or a folder that cannot be written to, is
refused before the work starts. A picture that fails does not stop the others.

Results and JSON go to stdout; everything else goes to stderr. The line at the end names the device that really ran.
"""

_OPTIONS_NOTE = """\
The order of things: grow, feather, invert, crop and margin, size, scale and position, colours, shadow, background.
Without a subject crop, scale and position have nothing to work on and do nothing.
"""

_JSON = """\
## Animations

`--animation` cuts out every frame of an animated GIF, WebP or PNG and writes an animated PNG, or WebP if the output is
called so. The alpha is steadied where the picture stands still; crop and placement are the same for all frames; the
limit of megapixels holds for all frames together. Pictures with one frame are cut as ever. GIF is not written: it has
no soft edges.

## JSON

`--json` prints one object per input, in the order of the inputs: `input`, `output`, `format`, `width`, `height`,
`bytes`, `frames`, `input_width`, `input_height`, `found` (is there a subject), `box` (the subject's `left`, `top`,
`width` and `height` in pixels of the upright input; null without one), `confidence` (0 to 1), `model`, `device` (what
really ran), `seconds` per step, `warnings` and `error`. For an input that failed, `output` is null and `error` has
`code`, `message` and `hint`.

## Shell completion

`tress --install-completion` sets it up for the shell it is called from.
"""


def reference() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    group: Any = typer.main.get_command(app)
    for name, command in _commands(group):
        parts.append(f"## tress {name}\n\n{_sentence(command.help)}\n")
        own = [p for p in command.params if p.name not in {*OPTIONS, "help"}]
        parts.append(_table((_names(p), p.metavar or "", p.help or "") for p in own))
        if name == "cut":
            parts.append(_output_options(command.params))
        elif set(OPTIONS) <= {p.name for p in command.params}:
            parts.append("And all options of `tress cut` from subject to file.\n")
    parts.append("## Exit codes\n\n" + _table(((str(c.value), m) for c, m in MEANINGS.items()), ("Code", "Meaning")))
    parts.append(_JSON)
    return "\n".join(parts)


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        elif not command.hidden:
            yield f"{prefix}{name}", command


def _output_options(params: Iterable[Any]) -> str:
    by_name = {parameter.name: parameter for parameter in params}
    groups: dict[str, list[tuple[str, ...]]] = {}
    for option in OPTIONS.values():
        examples = ", ".join(f"`{text}`" for text in option.examples)
        text = option.help + (f" Examples: {examples}." if examples else "")
        if option.default_text and not isinstance(option.kind, Flag):
            text += f" Default: `{option.default_text}`."
        row = (_names(by_name[option.name]), option.kind.metavar, text)
        groups.setdefault(option.group, []).append(row)
    tables = [f"### {group}\n\n{_table(rows)}" for group, rows in groups.items()]
    return "\n".join([*tables, _OPTIONS_NOTE])


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ("Option", "Value", "What it does")) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    sys.stdout.write(reference())
