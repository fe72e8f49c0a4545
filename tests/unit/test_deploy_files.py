"""The files under deploy/ cannot be run here, so what they promise is read out of them."""

import re
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
DEPLOY = Path(__file__).parents[2] / "deploy"


def instructions(name):
    text = re.sub(r"\\\n", " ", (DEPLOY / name).read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def known_flags(*names):
    from typer.main import get_command

    from tress.cli.main import app

    command = get_command(app)
    for name in names or ("serve",):
        command = command.commands[name]
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


def flags_in(arguments):
    return {argument for argument in arguments if argument.startswith("--")}


def needed_bytes(arguments):
    """What docs/deployment.md says to reckon with."""
    from typer.main import get_command

    from tress.cli.main import app

    values = get_command(app).commands["serve"].make_context("serve", list(arguments)).params
    places = values["queue"] + values["threads"]
    return values["workers"] * (300e6 + 40e6 * values["memory_megapixels"] + places * values["max_upload"] * 2**20)


def test_the_documented_memory_of_the_defaults_is_right():
    text = (DEPLOY.parent / "docs/deployment.md").read_text("utf-8")
    assert f"That is {needed_bytes([]) / 1e9:.1f} GB with the defaults" in text


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.cuda"])
def test_images_are_not_root_and_tell_their_health(name):
    steps = instructions(name)
    known = {
        "FROM",
        "ARG",
        "WORKDIR",
        "COPY",
        "RUN",
        "ENV",
        "USER",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
    }
    assert {word for word, _ in steps} <= known
    final = steps[max(index for index, (word, _) in enumerate(steps) if word == "FROM") :]
    values = dict(final)
    assert int(values["USER"].split(":")[0]) > 0
    assert "/healthz" in values["HEALTHCHECK"]
    entry = yaml.safe_load(values["ENTRYPOINT"])
    assert entry[:2] == ["tress", "serve"]
    assert flags_in(entry) <= known_flags()
    assert not any("latest" in value for word, value in steps if word == "FROM")
    for word, value in steps:
        if word == "COPY" and not value.startswith("--from"):
            for source in value.split()[:-1]:
                assert (DEPLOY.parent / source).exists(), source


def test_compose_starts_a_locked_down_service():
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]["tress"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert flags_in(service["command"]) <= known_flags()
    assert service["mem_limit"] == "3g"
    assert needed_bytes(service["command"]) < 3 * 2**30


def test_kubernetes_probes_scales_and_locks_down():
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))
    kinds = {document["kind"]: document for document in documents}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["terminationGracePeriodSeconds"] > 60
    assert flags_in(container["args"]) <= known_flags()
    assert container["resources"]["limits"]["memory"] == "3Gi"
    (volume,) = pod["volumes"]
    assert volume["emptyDir"]["sizeLimit"] == "256Mi"
    assert needed_bytes(container["args"]) + 256 * 2**20 < 3 * 2**30
    (metric,) = kinds["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "tress_queue_depth"
    selector = kinds["Service"]["spec"]["selector"]
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()


def test_the_batch_job_gives_every_pod_a_part_of_one_plan():
    job = yaml.safe_load((DEPLOY / "batch-job.yaml").read_text("utf-8"))["spec"]
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    arguments = container["args"]
    assert container["command"][:3] == ["tress", "batch", "run"]
    assert flags_in(arguments) <= known_flags("batch", "run")
    assert job["completionMode"] == "Indexed"
    assert arguments[arguments.index("--shard") + 1] == f"$(JOB_COMPLETION_INDEX)/{job['completions']}"
    assert pod["restartPolicy"] == "Never"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    # A pod that ends with one of these would end with it again; 130, after SIGTERM, is not among them.
    final = [rule["onExitCodes"]["values"] for rule in job["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    assert final == [[1, 2, 3, 5]]


def test_the_ray_job_runs_a_command_that_there_is():
    job = yaml.safe_load((DEPLOY / "batch-rayjob.yaml").read_text("utf-8"))
    words = job["spec"]["entrypoint"].split()
    assert words[:3] == ["tress", "batch", "run"]
    assert flags_in(words) <= known_flags("batch", "run")
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    templates = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert all("limits" in one["template"]["spec"]["containers"][0]["resources"] for one in templates)


@pytest.mark.parametrize("name", ["kubernetes.yaml", "batch-job.yaml", "batch-rayjob.yaml"])
def test_manifests_keep_to_the_schema(name):
    validator = pytest.importorskip("kubernetes_validate")
    for document in yaml.safe_load_all((DEPLOY / name).read_text("utf-8")):
        pods = [document]
        if document["apiVersion"].startswith("ray.io/"):
            # Its own kind is unknown to Kubernetes' schemas; the pods in it are not.
            cluster = document["spec"]["rayClusterSpec"]
            templates = [cluster["headGroupSpec"]["template"]]
            templates += [group["template"] for group in cluster["workerGroupSpecs"]]
            pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, **one} for one in templates]
        for pod in pods:
            validator.validate(pod, "1.31", strict=True)
