"""The registered data sets, one a file.  A new data set is a new file here and nothing else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from tress.errors import InputError
from tress_train.data.source import DataSource, Free

# What `tress-train cutouts` and `tress-train empties` add to the name of the data set that they cut up.
CUT_OUT, PART = "-cutouts", "-parts"


def registered_sources() -> dict[str, DataSource]:
    """All data sets by name.

    Raises:
        InputError: two files register the same name.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return index(importlib.import_module(f"{__name__}.{name}").SOURCE for name in names)


def index(sources: Iterable[DataSource]) -> dict[str, DataSource]:
    """Sources by name; raises InputError for a name that comes twice."""
    found: dict[str, DataSource] = {}
    for source in sources:
        if source.name in found:
            raise InputError("source_duplicate", f"two files register the data set {source.name!r}")
        found[source.name] = source
    return found


def source_of(name: str, registered: Mapping[str, DataSource]) -> DataSource | None:
    """The source of a data set, or of the photos it was cut out of, whose licence holds for it too."""
    return registered.get(name) or registered.get(_photos_of(name))


def allows(free: Free | None, source: DataSource | None) -> bool:
    """Whether a limit lets a data set pass; what is not registered is not known to be open."""
    return free != "open" or (source is not None and source.free == "open")


def _photos_of(name: str) -> str:
    for suffix in (CUT_OUT, PART):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
