"""Tux Paint stamps (Debian package tuxpaint-stamps-default)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="tuxpaint-stamps",
    what="small hand-cut RGBA pictures of animals, plants, food and tools",
    origin="Tux Paint stamps (Debian package tuxpaint-stamps-default)",
    licence="GPL-2",
    free="open",
    fingerprints={
        "train": "539056e2b967ee900f0e70854a891820478ea5d8c0f2cc947c837053caa16340",
    },
)
