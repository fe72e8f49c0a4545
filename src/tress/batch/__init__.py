"""Many pictures, here or in object stores, by one machine or many: nothing lost, nothing done twice.

from tress import batch

batch.plan("photos/", "cutouts/")
summary = batch.run("cutouts/", progress=lambda p: print(p.done, p.total))
failed = [row for row in batch.read_rows("cutouts/") if row.status == "failed"]
"""

from __future__ import annotations

from tress.batch.export import export_rows
from tress.batch.planning import Report, plan
from tress.batch.progress import Progress, Summary
from tress.batch.review import write_review
from tress.batch.rows import Row
from tress.batch.running import run
from tress.batch.settings import Settings
from tress.batch.shard import Retry
from tress.batch.status import read_rows, status
from tress.batch.task import How
from tress.batch.watching import watch

__all__ = [
    "How",
    "Progress",
    "Report",
    "Retry",
    "Row",
    "Settings",
    "Summary",
    "export_rows",
    "plan",
    "read_rows",
    "run",
    "status",
    "watch",
    "write_review",
]
