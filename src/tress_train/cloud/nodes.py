"""The torchrun command of one machine, alone or among several that find each other by ``CLUSTER_SPEC``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from tress.errors import InputError

CLUSTER = "CLUSTER_SPEC"
# As Vertex calls them: the first machine, and all others.
_POOLS = ("workerpool0", "workerpool1")


def torchrun(words: Sequence[str], processes: int, environment: Mapping[str, str]) -> list[str]:
    """The command that starts ``processes`` processes of ``tress-train WORDS`` on this machine.

    Raises:
        InputError: ``CLUSTER_SPEC`` cannot be understood.
    """
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    if CLUSTER in environment:
        nodes, rank, address, port = _cluster(environment[CLUSTER])
        command += [f"--nnodes={nodes}", f"--node-rank={rank}", f"--master-addr={address}", f"--master-port={port}"]
    else:
        # Any free port: several trainings may run on one machine.
        command.append("--standalone")
    return [*command, "-m", "tress_train", *words]


def _cluster(text: str) -> tuple[int, int, str, str]:
    """Number of machines, which of them this is, and address and port of the first."""
    try:
        spec = json.loads(text)
        hosts = [host for pool in _POOLS for host in spec["cluster"].get(pool, [])]
        task = spec["task"]
        rank = int(task["index"]) + (len(spec["cluster"][_POOLS[0]]) if task["type"] == _POOLS[1] else 0)
        address, _, port = hosts[0].rpartition(":")
        if task["type"] not in _POOLS or not 0 <= rank < len(hosts):
            raise ValueError(f"{task['type']} {task['index']} is not in the cluster")
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError("cluster_malformed", f"{CLUSTER} cannot be understood: {error}") from error
    return len(hosts), rank, address, port
