"""Leeds Sports Pose, extended (Johnson and Everingham 2011)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="lsp-people",
    what="people in sport, 400 to 600 px; alpha by a teacher network",
    origin="Leeds Sports Pose, extended (Johnson and Everingham 2011)",
    licence="research set",
    gathering=Gathering(
        kind="people",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="axelcarlier/lsp",
                commit="8fabf3183516b1be5f9d44bd1c516609637e983e",
                folder="images",
                picture=r"(.+)\.jpg",
                checksum="12064f4275340dcf462becf9b7e76413a12f1d61aa3e50623eb438ae26230f81",
            ),
        ),
    ),
)
