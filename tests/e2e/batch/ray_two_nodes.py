"""Runs a plan on two Ray nodes and kills one of them half-way; writes what the run says as JSON to a file.

Ray itself prints to stdout.

A program of its own, because Ray's threads and warnings do not belong into the process that tests.
"""

import json
import sys
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from tress.batch import How, Progress, run
from tress.batch.ray_engine import RayEngine

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
destination, answer = sys.argv[1:]
cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
doomed = cluster.add_node(**NODE)
ray.init(address=cluster.address, log_to_driver=False)


def alive() -> int:
    return len([node for node in ray.nodes() if node["Alive"]])


told, killed_at, nodes_before = [], [], alive()


def progress(now: Progress) -> None:
    if now.row is not None:
        told.append(now.row.input)
    if not killed_at and now.done >= now.total // 2:
        killed_at.append(now.done)
        cluster.remove_node(doomed, allow_graceful=False)


summary = run(destination, how=How(threads=1), engine=RayEngine(num_cpus=1), progress=progress)
# Ray takes a while to notice.
patience = time.monotonic() + 120
while alive() == nodes_before and time.monotonic() < patience:
    time.sleep(0.5)
Path(answer).write_text(
    json.dumps(
        {
            "summary": summary.to_json(),
            "told": told,
            "killed_at": killed_at[0],
            "nodes": [nodes_before, alive()],
        }
    ),
    encoding="utf-8",
)
ray.shutdown()
cluster.shutdown()
