"""The pictures of a run: which there are, by which key, and a fingerprint of their files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tress.errors import InputError
from tress.evaluation.manifest import Record, read_manifest
from tress_train.data.shards import MemberPath, has_shards, name_below, read_shards
from tress_train.storage.copies import local_folder
from tress_train.storage.places import Place, is_url

MANIFEST = "manifest.jsonl"
# What a manifest would say of photos that wait for a teacher's labels.
UNLABELLED = "unlabelled.jsonl"
# So many pictures are held back even if the hash of their keys says fewer, as it may where there are few.
FEW = 3


@dataclass(frozen=True)
class Collection:
    """Training and validation pictures by key; a key is the image's path below its manifest.

    ``first`` has the keys of the training pictures of the first folder.
    """

    train: dict[str, Record]
    val: dict[str, Record]
    first: frozenset[str]

    @property
    def later_sets(self) -> frozenset[str]:
        """The data sets of the training pictures that are not in the first folder."""
        later = {record.set for key, record in self.train.items() if key not in self.first}
        return frozenset(later - {self.train[key].set for key in self.first})


def read_collection(places: Sequence[Place]) -> Collection:
    """Reads one or several data folders or their shards; of a folder under a URL a local copy.

    A folder has ``train/manifest.jsonl`` and perhaps ``val/manifest.jsonl``, or, as ``tress-train prepare`` leaves
    it, a ``manifest.jsonl`` of its own, whose pictures are all for training.  A later folder may label pictures of an
    earlier one again (as ``tress-train distil`` does): the same file keeps its key and gets the later label.

    Raises:
        InputError: a folder has no manifest, a manifest is malformed, or two pictures have the same key.
    """
    train: dict[str, Record] = {}
    val: dict[str, Record] = {}
    first: frozenset[str] | None = None
    for place in places:
        for split, rows, prefix in _splits(place):
            _add(val if split == "val" else train, rows, prefix)
        first = frozenset(train) if first is None else first
    return Collection(train, val, first or frozenset())


def held_back(key: str, share: float) -> bool:
    """Whether a picture belongs to the share that is held back: by a hash of its key, so that it stays there."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) < share * 2**32


def hold_back(keys: Iterable[str], share: float) -> list[str]:
    """The keys that are held back, as ``held_back`` says, or a few more where it would find next to none.

    With a share above zero and at least two keys one is always held back, and one never: ``share`` of them, but no more
    than ``FEW``, are the least.  They are the next ones by hash; of few pictures others may be held back once there are
    more.

    Returns:
        In the order of ``keys``.
    """
    known = list(keys)
    found = [key for key in known if held_back(key, share)]
    least = min(FEW, len(known) - 1, max(1, round(share * len(known))))
    if share <= 0 or len(found) >= least:
        return found
    chosen = set(by_hash(known)[:least])
    return [key for key in known if key in chosen]


def by_hash(keys: Iterable[str]) -> list[str]:
    """Keys in an order that has nothing to do with what they name, and that further keys do not change."""
    return sorted(keys, key=lambda key: hashlib.sha256(key.encode()).hexdigest())


def file_hash(record: Record) -> str:
    """SHA-256 of the picture, its alpha and how far that can be trusted.

    Raises:
        InputError: a file cannot be read.
    """
    digest = hashlib.sha256(f"{record.edge} {record.ignore_px}".encode())
    for path in (record.image, record.alpha):
        if path is not None:
            try:
                digest.update(_content(path))
            except OSError as error:
                raise InputError("picture_missing", f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    """SHA-256 of a file; of one in a shard as the index has it."""
    return (
        bytes.fromhex(path.span.sha256) if isinstance(path, MemberPath) else hashlib.sha256(path.read_bytes()).digest()
    )


def fingerprints(hashes: Mapping[str, str], records: Mapping[str, Record]) -> dict[str, str]:
    """SHA-256 per data set, over the keys and file hashes of its pictures."""
    digests: dict[str, hashlib._Hash] = {}
    for key in sorted(records):
        digest = digests.setdefault(records[key].set, hashlib.sha256())
        digest.update(f"{key} {hashes[key]}\n".encode())
    return {name: digest.hexdigest() for name, digest in sorted(digests.items())}


def _splits(place: Place) -> list[tuple[str, list[tuple[str, Record]], str]]:
    """The splits of a data folder: name, pictures by their names in it, and what their keys begin with."""
    if has_shards(place):
        name, found = read_shards(place)
        return [(split, rows, "" if split else f"{name}/") for split, rows in found.items()]
    folder = local_folder(str(place)) if is_url(place) else Path(place)
    roots = split_folders(folder)
    if not roots:
        raise InputError(
            "data_missing",
            f"{place} has neither train/{MANIFEST} nor {MANIFEST}",
            hint=f"check a folder of your own with `tress-train prepare {place}`",
        )
    return [
        (split, [(name_below(root, record.image), record) for record in read_manifest(root / MANIFEST)], prefix)
        for split, (root, prefix) in roots.items()
    ]


def split_folders(folder: Path) -> dict[str, tuple[Path, str]]:
    """The folders of manifests in a data folder by split, with what the keys of their pictures begin with.

    ``train`` and perhaps ``val``, or the empty string for a folder that is all for training; empty if there are none.
    """
    if (folder / "train" / MANIFEST).exists():
        return {split: (folder / split, "") for split in ("train", "val") if (folder / split / MANIFEST).exists()}
    return {"": (folder, f"{folder.resolve().name}/")} if (folder / MANIFEST).exists() else {}


def _add(records: dict[str, Record], rows: Iterable[tuple[str, Record]], prefix: str) -> None:
    present = {record.image.resolve(): key for key, record in records.items()}
    for name, record in rows:
        key = prefix + name
        if key in records:
            raise InputError("key_duplicate", f"two pictures are called {key}", hint="rename one of the folders")
        records[present.get(record.image.resolve(), key)] = record
