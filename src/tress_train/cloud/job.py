"""A Vertex AI custom job, as the client library's own types have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from google.cloud import aiplatform_v1 as vertex

from tress.errors import InputError

CHECKPOINTS = "checkpoints"
"""The folder below a job's output in which Vertex wants checkpoints, as AIP_CHECKPOINT_DIR says inside the job."""
_LABEL = re.compile(r"[^a-z0-9_-]")


@dataclass(frozen=True)
class JobOptions:
    """What a job runs on.

    Attributes:
        image: address of the container image made of ``deploy/Dockerfile.train``.
        machine: machine type.
        accelerator: type of accelerator, or empty.
        count: accelerators of a machine.
        replicas: number of machines.
        spot: machines that may be taken away at any time, for less; the job is started again.
        max_hours: after which Vertex ends it.
        service_account, tensorboard: which it uses, or empty; curves go to the latter.
        disk_gb: of each machine.
    """

    image: str
    machine: str = "g2-standard-8"
    accelerator: str = "NVIDIA_L4"
    count: int = 1
    replicas: int = 1
    spot: bool = False
    max_hours: float = 24.0
    service_account: str = ""
    tensorboard: str = ""
    disk_gb: int = 200


def make_job(name: str, recipe: str, words: Sequence[str], out: str, options: JobOptions) -> vertex.CustomJob:
    """The job that runs ``tress-train WORDS`` on every machine.

    Args:
        name: shown in the console.
        recipe: what is trained, for the label.
        words: arguments of ``tress-train``.
        out: ``gs://`` folder; checkpoints, weights and curves are kept below it.
        options: what it runs on.

    Raises:
        InputError: the options do not go together.
    """
    if options.accelerator and options.accelerator not in vertex.AcceleratorType.__members__:
        known = [kind for kind in vertex.AcceleratorType.__members__ if kind.startswith("NVIDIA")]
        raise InputError(
            "accelerator_unknown",
            f"there is no accelerator {options.accelerator!r}",
            hint=f"there are: {', '.join(known)}",
        )
    if options.tensorboard and not options.service_account:
        raise InputError(
            "service_account_missing", "--tensorboard needs --service-account, with which the job writes the curves"
        )
    pools = [_pool(words, options, 1)]
    if options.replicas > 1:
        pools.append(_pool(words, options, options.replicas - 1))
    strategy = vertex.Scheduling.Strategy
    return vertex.CustomJob(
        display_name=name,
        labels={"tool": "tress-train", "recipe": _LABEL.sub("-", recipe.lower())[:63]},
        job_spec=vertex.CustomJobSpec(
            worker_pool_specs=pools,
            scheduling=vertex.Scheduling(
                timeout=timedelta(hours=options.max_hours),
                restart_job_on_worker_restart=True,
                strategy=strategy.SPOT if options.spot else strategy.STANDARD,
            ),
            service_account=options.service_account,
            tensorboard=options.tensorboard,
            base_output_directory=vertex.GcsDestination(output_uri_prefix=out),
        ),
    )


def _pool(words: Sequence[str], options: JobOptions, replicas: int) -> vertex.WorkerPoolSpec:
    machine = vertex.MachineSpec(machine_type=options.machine)
    if options.accelerator:
        machine.accelerator_type = vertex.AcceleratorType[options.accelerator]
        machine.accelerator_count = options.count
    return vertex.WorkerPoolSpec(
        machine_spec=machine,
        replica_count=replicas,
        disk_spec=vertex.DiskSpec(boot_disk_type="pd-ssd", boot_disk_size_gb=options.disk_gb),
        container_spec=vertex.ContainerSpec(image_uri=options.image, command=["tress-train"], args=list(words)),
    )
