"""SYSU-Scene."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="sysu-scene",
    what="everyday photos of about 490 px with one dominant thing, where a teacher agrees with people's outlines",
    origin="SYSU-Scene",
    licence="research set",
    gathering=Gathering(
        kind="mixed",
        edge="teacher",
        alpha="teacher",
        repositories=(
            Repository(
                name="ruixuejianfei/SYSU-Scene",
                commit="8df23ad24851d7208f4e55793b992d203faebf82",
                folder="images",
                picture=r"(.+)\.jpg",
                checksum="36b83b75d19d8958424d627127a13504585ff7645ad21bfb1f59a049de1e962d",
            ),
        ),
    ),
)
