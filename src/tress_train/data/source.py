"""What is known about a data set: where it comes from, under which licence, which files it had, how it is gathered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tress.process.labels import Edge

Free = Literal["open", "research"]


@dataclass(frozen=True)
class Repository:
    """The pictures of a data set that lie in one public git repository.

    Which of them are taken stands in ``sources/lists``, a path below ``folder`` a line; after a tab may follow settings
    of that picture, as JSON.

    Attributes:
        name: OWNER/NAME on GitHub.
        commit: the commit that has the pictures.
        folder: where they lie in it; empty if right at its top.
        picture: regular expression that matches every path below ``folder``.
        key: what a picture is called here, made of the groups of ``picture``.
        label: path of its label in the repository, made likewise; empty where there are none.
        checksum: see ``tress_train.labels.gather.checksum``.
        listed_as: name of the list, without its ending, if it is not OWNER+NAME, as where two data sets share a
            repository.
    """

    name: str
    commit: str
    folder: str
    picture: str
    checksum: str
    key: str = r"\1"
    label: str = ""
    listed_as: str = ""

    @property
    def list_name(self) -> str:
        """Name of the list, without its ending."""
        return self.listed_as or self.name.replace("/", "+")


@dataclass(frozen=True)
class Gathering:
    """How a data set is made of git repositories.

    Attributes:
        kind, edge, ignore_px: as in a manifest.
        alpha: what the alpha is made of: ``mask``, ``contours`` or ``trimap``, which are labels of the data set;
            ``white``, the ground that its subjects were photographed before, or ``thin``, the same for thin things in
            small photos, each with settings of its own; ``teacher``, which the user names in ``tress-train distil``;
            empty where there is no alpha.
        repositories: where the pictures lie.
    """

    kind: str
    edge: Edge
    repositories: tuple[Repository, ...]
    alpha: Literal["", "mask", "contours", "trimap", "white", "thin", "teacher"] = ""
    ignore_px: int = 0


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
        free: ``open`` if its licence lets everybody use it and pass it on; ``research`` are published research sets,
            and whatever states no licence.
        gathering: how it is made of public git repositories, if it is.
    """

    name: str
    what: str
    origin: str
    licence: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    measuring_only: bool = False
    free: Free = "research"
    gathering: Gathering | None = None
