"""What is known about a data set: where it comes from, under which licence, and which files it had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataSource:
    """One data set.

    Attributes:
        name: as in the manifest's ``set``.
        what: what its pictures and alphas are.
        origin: who made it, and the publication if there is one.
        licence: as stated by its origin; what is not stated is said to be so.
        fingerprints: SHA-256 of its part of ``train`` and ``val``, see ``collection.fingerprints``.
        measuring_only: must never be trained on or published.
    """

    name: str
    what: str
    origin: str
    licence: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    measuring_only: bool = False
