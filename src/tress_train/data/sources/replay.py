"""Pictures that travel in the package, made by ``tools/replay.py``."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="replay",
    what="56 small pictures of people, clothes, cats, things, hair and streets, for fine-tuning not to forget them",
    origin="interfaces and clothing dataset, feral-cats, DreamBooth's photos, TrashNet, building-facades, own renders",
    licence="CC0 1.0 (people, clothes, streets), CC BY 4.0 (DreamBooth), MIT or public domain (cats, TrashNet), own",
    free="open",
    fingerprints={
        "train": "f97d7770ad4551d00d9426580bdb191f9282afa69beed3dd85bae010d8b362eb",
        "val": "0b7abd9a786f3a3676772b71da4b6c6cf8cf27550e6b12050ce3e0a53f37824c",
    },
)
