"""Data folders packed into tar shards, and read from there picture by picture.

    OUT/shards.json            rows of the manifests with the place of every file, written last
    OUT/train-000000.tar ...   WebDataset shards: NAME.image.jpg, NAME.alpha.png and NAME.json one after the other

Any tool that reads WebDataset reads them in order.  Training reads single files at the places that the index names,
from disk or with ranged requests from a bucket: sample ``i`` depends on the seed and on ``i`` alone, whichever process
draws it, so a shuffled stream would not do.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tress.errors import InputError
from tress.evaluation.manifest import Record
from tress_train.storage.places import Place, exists, filesystem, is_url, join, put_file, read_bytes, reporting

INDEX, VERSION = "shards.json", 1
# Below 64 MB, which many places refuse.
SHARD_BYTES = 60 << 20
# What a tar ends with at most: two empty blocks, and what fills its last record.
_END_BYTES = 2 * tarfile.BLOCKSIZE + tarfile.RECORDSIZE - 1

# The kind of path that this platform has.
if TYPE_CHECKING:
    from pathlib import Path as _Base
else:
    _Base = type(Path())


@dataclass(frozen=True)
class Span:
    """Where a file lies: in which shard, from which byte, how many, and their SHA-256."""

    shard: str
    start: int
    length: int
    sha256: str


class MemberPath(_Base):
    """The path of a file inside a shard: it names no file on the disk, but reads as if it did."""

    span: Span

    @classmethod
    def at(cls, path: Path, span: Span) -> MemberPath:
        """The path ``path`` with the contents of ``span``."""
        made = cls(path)
        made.span = span
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return MemberPath.at, (Path(str(self)), self.span)

    def read_bytes(self) -> bytes:
        """The file's contents.

        Raises:
            OSError: the shard is missing or shorter.
            StorageError: the bucket cannot be read.
        """
        span = self.span
        if is_url(span.shard):
            fs, path = filesystem(span.shard)
            with reporting(span.shard):
                data = fs.cat_file(path, start=span.start, end=span.start + span.length)
        else:
            with open(span.shard, "rb") as file:
                file.seek(span.start)
                data = file.read(span.length)
        if len(data) < span.length:
            raise OSError(f"{span.shard} is shorter than its index says")
        return bytes(data)

    def open(self, *_: Any, **__: Any) -> Any:
        """The file's contents as a stream of bytes."""
        return io.BytesIO(self.read_bytes())


def name_below(root: Path, path: Path) -> str:
    """The name of a file below a folder; of one that lies elsewhere its whole path."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def has_shards(place: Place) -> bool:
    """Whether a place holds shards."""
    return exists(join(place, INDEX))


def read_shards(place: Place) -> tuple[str, dict[str, list[tuple[str, Record]]]]:
    """What shards hold.

    Returns:
        The name of the data folder, and the names of the pictures in it with their records, by split: ``train`` and
        ``val``, or empty for a folder without splits.

    Raises:
        InputError: the index cannot be understood.
        StorageError: it cannot be read.
    """
    data = read_bytes(join(place, INDEX))
    try:
        index = json.loads(data)
        if index["version"] != VERSION:
            raise ValueError(f"version {index['version']} is not known")
        root = Path("shards") / index["name"]
        found = {
            split: [(row["row"]["image"], _record(row, place, root / split)) for row in rows]
            for split, rows in index["splits"].items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("shards_malformed", f"{join(place, INDEX)}: {error}", hint="pack the folder again") from error
    return index["name"], found


def pack(
    splits: Mapping[str, Sequence[Record]], roots: Mapping[str, Path], name: str, out: Place, *, shard_bytes: int
) -> int:
    """Packs pictures into shards; the index is written last, so that a torn packing has none.

    Args:
        splits: records by split; the only one of a folder without splits is called the empty string.
        roots: the folder of each split's manifest.
        name: of the data folder, with which keys may begin.
        out: folder or URL, without shards.
        shard_bytes: how large a shard is at most, unless a single picture is larger.

    Returns:
        The number of shards.

    Raises:
        InputError: there are shards already, or a picture cannot be read.
        StorageError: the URL cannot be written.
    """
    if has_shards(out):
        raise InputError("target_exists", f"{out} holds shards already", hint="name another folder")
    index: dict[str, Any] = {"version": VERSION, "name": name, "splits": {}}
    count = 0
    for split, records in splits.items():
        rows = index["splits"][split] = []
        for number, part in enumerate(_parts(records, roots[split], shard_bytes)):
            rows += _write_shard(part, roots[split], out, f"{split or 'data'}-{number:06d}.tar")
            count += 1
    with _scratch("json") as scratch:
        scratch.write_text(json.dumps(index), encoding="utf-8")
        put_file(scratch, join(out, INDEX))
    return count


def _record(row: dict[str, Any], place: Place, root: Path) -> Record:
    fields, files = row["row"], row["files"]

    def path(kind: str) -> Path | None:
        if fields.get(kind) is None:
            return None
        shard, start, length, digest = files[kind]
        return MemberPath.at(root / fields[kind], Span(str(join(place, shard)), start, length, digest))

    image = path("image")
    assert image is not None
    return Record(image, path("alpha"), fields["set"], fields["kind"], fields["edge"], fields["ignore_px"])


def _parts(records: Sequence[Record], root: Path, shard_bytes: int) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = _END_BYTES
    for record in records:
        added = sum(map(_member_bytes, _lengths(record, root)))
        if part and size + added > shard_bytes:
            yield part
            part, size = [], _END_BYTES
        part.append(record)
        size += added
    if part:
        yield part


def _lengths(record: Record, root: Path) -> Iterator[int]:
    yield len(json.dumps(_row(record, root)))
    for path in (record.image, record.alpha):
        if path is not None:
            yield path.stat().st_size


def _member_bytes(length: int) -> int:
    """What a file of that length takes in a tar: its header, and whole blocks."""
    return tarfile.BLOCKSIZE * (1 + math.ceil(length / tarfile.BLOCKSIZE))


def _write_shard(records: Sequence[Record], root: Path, out: Place, shard: str) -> list[dict[str, Any]]:
    """Writes a shard; returns its rows of the index."""
    with _scratch("tar") as scratch:
        with tarfile.open(scratch, "w", format=tarfile.USTAR_FORMAT) as tar:
            rows = [_write_picture(tar, record, root, shard) for record in records]
        put_file(scratch, join(out, shard))
    return rows


@contextmanager
def _scratch(suffix: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tress-shards-") as folder:
        yield Path(folder) / f"scratch.{suffix}"


def _row(record: Record, root: Path) -> dict[str, Any]:
    return {
        "image": name_below(root, record.image),
        "alpha": None if record.alpha is None else name_below(root, record.alpha),
        "set": record.set,
        "kind": record.kind,
        "edge": record.edge,
        "ignore_px": record.ignore_px,
    }


def _write_picture(tar: tarfile.TarFile, record: Record, root: Path, shard: str) -> dict[str, Any]:
    row = _row(record, root)
    # A key of WebDataset ends at the first dot of the name.
    key = hashlib.sha256(str(row["image"]).encode()).hexdigest()[:20]
    files = {}
    for kind, path in (("image", record.image), ("alpha", record.alpha)):
        if path is None:
            continue
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError("picture_missing", f"cannot read {path}: {error.strerror}") from error
        start = _add(tar, f"{key}.{kind}{path.suffix.lower()}", data)
        files[kind] = [shard, start, len(data), hashlib.sha256(data).hexdigest()]
    _add(tar, f"{key}.json", json.dumps(row).encode())
    return {"row": row, "files": files}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Adds a file; returns where its contents start."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    start = tar.offset + tarfile.BLOCKSIZE
    tar.addfile(info, io.BytesIO(data))
    return start
