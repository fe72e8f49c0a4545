"""alphamatting.com (Rhemann et al. 2009)."""

from __future__ import annotations

from tress_train.data.source import DataSource

SOURCE = DataSource(
    name="alphamatting27",
    what="dolls with hair, fur toys, plants and nets; true alpha by triangulation",
    origin="alphamatting.com (Rhemann et al. 2009)",
    licence="research benchmark",
    fingerprints={
        "val": "b66ef52366d451a5b6dd24217549f820b60f17b4f6bd8ab562068070c610ed02",
    },
    measuring_only=True,
)
