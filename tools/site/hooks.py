"""What MkDocs does for this site beyond its settings.

Pages of the repository that lie outside ``docs/`` are part of the site under the names of ``PAGES``.  Links between
pages work on the site as they do in the repository; a link to a file that is no page keeps its text.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^):#]+)(#[^)]*)?\)")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()docs/")


def on_config(config: Any) -> Any:
    """Puts the pages of a folder where the navigation says ``folder/*``."""
    config.nav = _expanded(config.nav, Path(config.docs_dir))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages from outside ``docs/``."""
    for source, target in PAGES.items():
        content = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, target, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_: Any) -> str:
    """Points links to where their page lies on the site."""
    sources = {target: source for source, target in PAGES.items()}
    here = page.file.src_uri
    source = sources.get(here, f"docs/{here}")

    def moved(match: re.Match[str]) -> str:
        text, link, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
        if path in PAGES:
            target = PAGES[path]
        elif path.startswith("docs/"):
            target = path.removeprefix("docs/")
        else:
            # A wrong link must not vanish: it stays, and MkDocs warns of it.
            return text if (ROOT / path).exists() else match[0]
        return f"[{text}]({posixpath.relpath(target, posixpath.dirname(here) or '.')}{anchor})"

    return _IMAGE.sub(r"\1", _LINK.sub(moved, markdown))


def _expanded(items: list[Any], docs: Path) -> list[Any]:
    expanded: list[Any] = []
    for item in items:
        if isinstance(item, dict):
            expanded += [{title: _section(below, docs)} for title, below in item.items()]
        else:
            expanded.append(item)
    return expanded


def _section(below: Any, docs: Path) -> Any:
    if isinstance(below, list):
        return _expanded(below, docs)
    if below.endswith("/*"):
        return sorted(path.relative_to(docs).as_posix() for path in (docs / below[:-2]).glob("*.md"))
    return below
