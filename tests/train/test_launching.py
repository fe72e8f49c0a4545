"""Training on Vertex AI, up to the submission: the job in the client library's own types, and a service on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

pytest.importorskip("google.cloud.aiplatform_v1")
pytest.importorskip("torch")

from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1 as vertex
from google.cloud.aiplatform_v1.services.job_service.transports import JobServiceRestTransport

from tress.errors import InputError
from tress_train.cloud import vertex as service
from tress_train.cloud.job import JobOptions, make_job
from tress_train.cloud.nodes import torchrun
from tress_train.cloud.prices import TABLE, estimate
from tress_train.commands.cli import app

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

RUNNER = CliRunner()
PARENT = "projects/p/locations/europe-west4"
WORDS = ["launch", "locator", "--target", "vertex", "--data", "gs://b/data", "--out", "gs://b/runs/a"]
WORDS += ["--project", "p", "--region", "europe-west4", "--image", "europe-docker.pkg.dev/p/tress/train:1"]


class StandIn(BaseHTTPRequestHandler):
    """As much of Vertex AI's REST interface as jobs need; ``server.jobs`` has them, ``server.seen`` what was asked."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        self.server.seen.append((self.path, body))  # type: ignore[attr-defined]
        if self.path.split("?")[0].endswith(":cancel"):
            self._answer({})
            return
        job = {**body, "name": f"{PARENT}/customJobs/77", "state": "JOB_STATE_PENDING"}
        self.server.jobs.append(job)  # type: ignore[attr-defined]
        self._answer(job)

    def do_GET(self) -> None:
        jobs: list[dict[str, Any]] = self.server.jobs  # type: ignore[attr-defined]
        self.server.seen.append((self.path, None))  # type: ignore[attr-defined]
        path = self.path.split("?")[0]
        if path.endswith("/customJobs"):
            self._answer({"customJobs": jobs})
        elif path.endswith("/77"):
            states = self.server.states  # type: ignore[attr-defined]
            self._answer({**jobs[0], "state": states.pop(0) if len(states) > 1 else states[0]})
        else:
            self._answer({"error": {"code": 404, "message": "no such job", "status": "NOT_FOUND"}}, 404)

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.jobs, server.seen, server.states = [], [], ["JOB_STATE_RUNNING"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"

    def connect(region: str) -> vertex.JobServiceClient:
        server.seen.append(("connect", region))
        transport = JobServiceRestTransport(host=host, credentials=AnonymousCredentials(), url_scheme="http")
        return vertex.JobServiceClient(transport=transport)

    monkeypatch.setattr(service, "connect", connect)
    yield server
    server.shutdown()
    server.server_close()


def options(**changes: Any) -> JobOptions:
    return JobOptions(**{"image": "image:1", **changes})


def test_a_job_has_all_that_was_asked_for() -> None:
    job = make_job(
        "a-job",
        "Locator.x",
        ["launch", "locator"],
        "gs://b/runs/a",
        options(count=2, replicas=3, spot=True, max_hours=6, service_account="s@p", tensorboard="projects/1/t/2"),
    )
    spec = job.job_spec
    first, others = spec.worker_pool_specs
    assert (first.replica_count, others.replica_count) == (1, 2)
    assert first.machine_spec.machine_type == "g2-standard-8"
    assert first.machine_spec.accelerator_type == vertex.AcceleratorType.NVIDIA_L4
    assert first.machine_spec.accelerator_count == 2
    assert list(first.container_spec.command) == ["tress-train"]
    assert list(others.container_spec.args) == ["launch", "locator"]
    assert spec.scheduling.strategy == vertex.Scheduling.Strategy.SPOT
    assert spec.scheduling.restart_job_on_worker_restart
    assert spec.scheduling.timeout.total_seconds() == 6 * 3600
    assert spec.base_output_directory.output_uri_prefix == "gs://b/runs/a"
    assert (spec.service_account, spec.tensorboard) == ("s@p", "projects/1/t/2")
    assert dict(job.labels) == {"tool": "tress-train", "recipe": "locator-x"}
    alone = make_job("a", "r", [], "gs://b", options(accelerator="", spot=False)).job_spec
    assert len(alone.worker_pool_specs) == 1
    assert alone.worker_pool_specs[0].machine_spec.accelerator_count == 0
    assert alone.scheduling.strategy == vertex.Scheduling.Strategy.STANDARD


def test_the_image_has_what_a_job_starts() -> None:
    image = (Path(__file__).parents[2] / "deploy/Dockerfile.train").read_text(encoding="utf-8")
    command = list(make_job("a", "r", [], "gs://b", options()).job_spec.worker_pool_specs[0].container_spec.command)
    assert f"ENTRYPOINT {json.dumps(command)}" in image
    assert "'.[cpu,train,gcp]'" in image


def test_a_dry_run_prints_the_exact_job_and_its_cost_and_asks_nobody(stand_in: Any) -> None:
    answer = RUNNER.invoke(app, [*WORDS, "--spot", "--max-hours", "10", "--set", "seed=3", "--dry-run"])
    assert answer.exit_code == 0, answer.output
    job = vertex.CustomJob.from_json(answer.stdout)
    container = job.job_spec.worker_pool_specs[0].container_spec
    assert container.image_uri == "europe-docker.pkg.dev/p/tress/train:1"
    wanted = "launch locator --data gs://b/data --set seed=3 --target torchrun"
    assert list(container.args) == wanted.split()
    assert "at most 4.00 USD for 10 hours" in answer.stderr
    assert stand_in.seen == []


def test_a_job_is_submitted_only_after_its_cost_was_confirmed(stand_in: Any) -> None:
    refused = RUNNER.invoke(app, WORDS, input="n\n")
    assert refused.exit_code == 1
    assert "USD" in refused.output
    assert stand_in.seen == []
    answer = RUNNER.invoke(app, WORDS, input="y\n")
    assert answer.exit_code == 0, answer.output
    (connected, (path, body)) = stand_in.seen
    assert connected == ("connect", "europe-west4")
    assert path.startswith(f"/v1/{PARENT}/customJobs")
    assert body["jobSpec"]["baseOutputDirectory"] == {"outputUriPrefix": "gs://b/runs/a"}
    assert body["jobSpec"]["workerPoolSpecs"][0]["machineSpec"]["machineType"] == "g2-standard-8"
    assert body["labels"]["tool"] == "tress-train"
    assert "--follow 77" in answer.output


def run_jobs(*words: str) -> Any:
    return RUNNER.invoke(app, ["jobs", "--project", "p", "--region", "europe-west4", *words])


def test_jobs_are_listed_followed_and_cancelled(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    RUNNER.invoke(app, [*WORDS, "--yes"])
    listed = run_jobs()
    assert listed.exit_code == 0, listed.output
    assert listed.output.startswith("77 ")
    assert "gs://b/runs/a" in listed.output
    assert "filter=labels.tool" in stand_in.seen[-1][0]
    monkeypatch.setattr(service.time, "sleep", lambda _: None)
    monkeypatch.setattr(service.Jobs.follow, "__kwdefaults__", {"every_s": 0, "sleep": lambda _: None})
    stand_in.states = ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED"]
    followed = run_jobs("--follow", "77")
    assert [line.split()[1] for line in followed.output.splitlines()] == ["pending", "running", "succeeded"]
    stand_in.states = ["JOB_STATE_FAILED"]
    assert run_jobs("--follow", "77").exit_code == 1
    assert run_jobs("--cancel", "77").exit_code == 0
    assert stand_in.seen[-1][0].split("?")[0] == f"/v1/{PARENT}/customJobs/77:cancel"
    missing = run_jobs("--follow", "78")
    assert isinstance(missing.exception, InputError)
    assert missing.exception.code == "job_missing"


def test_what_vertex_refuses_is_a_message(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: StandIn) -> None:
        self._answer({"error": {"code": 403, "message": "quota exceeded", "status": "PERMISSION_DENIED"}}, 403)

    monkeypatch.setattr(StandIn, "do_POST", refuse)
    answer = RUNNER.invoke(app, [*WORDS, "--yes"])
    assert isinstance(answer.exception, service.CloudError)
    assert "quota exceeded" in answer.exception.message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (["--out", "runs/a"], "out_not_in_cloud"),
        (["--data", "here"], "data_not_in_cloud"),
        (["--init", "w.pt"], "data_not_in_cloud"),
        (["--image", ""], "image_missing"),
        (["--accelerator", "NVIDIA_X"], "accelerator_unknown"),
        (["--tensorboard", "projects/1"], "service_account_missing"),
        (["--target", "moon"], "target_unknown"),
        (["--prices", "none.toml"], "prices_malformed"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_sent(
    change: list[str], code: str, stand_in: Any
) -> None:
    answer = RUNNER.invoke(app, [*WORDS, *change])
    assert isinstance(answer.exception, InputError)
    assert answer.exception.code == code
    assert stand_in.seen == []


def test_costs_are_those_of_the_table(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(
        'date = "2030-01"\ncurrency = "EUR"\n[machines]\nm = { hour = 2.0, spot = 0.5 }\n'
        "[accelerators]\nA = { hour = 1.0, spot = 0.25 }\n"
    )
    assert estimate("m", "A", 4, 2, 3, spot=False, table=table).amount == (2 + 4) * 2 * 3
    assert str(estimate("m", "A", 4, 2, 3, spot=True, table=table)).startswith("at most 9.00 EUR for 3 hours")
    unknown = estimate("m", "B", 1, 1, 1, spot=False, table=table)
    assert unknown.amount is None
    assert "no B" in str(unknown)
    assert estimate("g2-standard-8", "NVIDIA_L4", 1, 1, 1, spot=False, table=TABLE).amount > 0.5  # type: ignore[operator]


def test_machines_find_each_other_by_the_cluster_that_vertex_describes() -> None:
    spec = {
        "cluster": {"workerpool0": ["first:2222"], "workerpool1": ["second:2222", "third:2222"]},
        "task": {"type": "workerpool1", "index": 1},
    }
    command = torchrun(["run", "x"], 4, {"CLUSTER_SPEC": json.dumps(spec)})
    assert {"--nnodes=3", "--node-rank=2", "--master-addr=first", "--master-port=2222"} <= set(command)
    assert command[-4:] == ["-m", "tress_train", "run", "x"]
    assert "--standalone" in torchrun(["run"], 2, {})
    for broken in ("{", '{"cluster": {}}', json.dumps({**spec, "task": {"type": "workerpool2", "index": 0}})):
        with pytest.raises(InputError) as error:
            torchrun([], 1, {"CLUSTER_SPEC": broken})
        assert error.value.code == "cluster_malformed"


def test_two_processes_train_where_vertex_says(data: Path, tmp_path: Path) -> None:
    out = f"file://{tmp_path}/out/checkpoints/"
    words = ["launch", "locator", "--data", str(data), "--smoke", "--target", "torchrun", "--processes", "2"]
    words += ["--set", "norms=frozen"]
    done = subprocess.run(
        [sys.executable, "-m", "tress_train", *words],
        env={**os.environ, "AIP_CHECKPOINT_DIR": out, "OMP_NUM_THREADS": "1", "TRESS_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads((tmp_path / "out/checkpoints/record.json").read_text(encoding="utf-8"))
    assert (record["processes"], record["finished"]) == (2, True)
