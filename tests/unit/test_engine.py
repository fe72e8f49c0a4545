"""The engine feeds networks as their spec says, and turns everything that can go wrong into a ModelError."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tress import engine
from tress.engine import DEVICES, OnnxEngine, available_devices
from tress.errors import ModelError
from tress.spec import ModelSpec

DATA = Path(__file__).parents[1] / "data"
LOCATOR, REFINER, PEER = (DATA / f"tiny_{name}.onnx" for name in ("locator", "refiner", "peer"))
PEER_SPEC = ModelSpec(
    "peer", "1", "locator", 64, keep_aspect=False, mean=(0.5, 0.4, 0.3), std=(0.25, 0.5, 1.0), sigmoid=True
)


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(ModelError) as caught:
        call(*args, **kwargs)
    assert caught.value.message
    return caught.value.code


def test_locator_answers_alpha_uncertainty_presence() -> None:
    net = OnnxEngine(LOCATOR, device="cpu")
    assert (net.spec.name, net.device, net.passed_over) == ("tiny-locator", "cpu", [])
    x = picture(2, 3, 64, 96)
    alpha, uncertainty, presence = net.run(x)
    np.testing.assert_array_equal(alpha, x[:, :1])
    np.testing.assert_array_equal(uncertainty, x[:, 1:2])
    np.testing.assert_allclose(presence, x[:, 2].mean((1, 2)), rtol=1e-5)
    assert {a.dtype for a in (alpha, uncertainty, presence)} == {np.dtype(np.float32)}


def test_contents_instead_of_a_path() -> None:
    x = picture(1, 3, 32, 32)
    np.testing.assert_array_equal(OnnxEngine(LOCATOR.read_bytes()).run(x)[0], x[:, :1])


def test_refiner_sees_all_its_channels() -> None:
    x = picture(3, 5, 64, 72)
    (alpha,) = OnnxEngine(REFINER).run(x)
    np.testing.assert_array_equal(alpha, x[:, 3:4])


def test_inputs_by_name_are_the_same() -> None:
    net, x = OnnxEngine(REFINER), picture(1, 5, 32, 32)
    np.testing.assert_array_equal(net.run(tile=x)[0], net.run(x)[0])


def test_network_of_others_is_normalised_and_gets_its_sigmoid() -> None:
    x = picture(1, 3, 64, 64)
    before = x.copy()
    answers = OnnxEngine(PEER, spec=PEER_SPEC).run(x)
    assert len(answers) == 1
    np.testing.assert_allclose(answers[0], 1 / (1 + np.exp(-(x[:, :1] - 0.5) / 0.25)), rtol=1e-5)
    np.testing.assert_array_equal(x, before)


def test_given_spec_takes_precedence() -> None:
    assert OnnxEngine(LOCATOR, spec=PEER_SPEC).spec is PEER_SPEC


def test_file_without_a_spec_is_refused() -> None:
    assert code_of(OnnxEngine, PEER) == "model_spec_missing"


def test_spec_that_promises_too_much_is_refused() -> None:
    assert code_of(OnnxEngine, REFINER, spec=replace(PEER_SPEC, has_uncertainty=True)) == "model_spec"


@pytest.mark.parametrize("rule", [{"mean": (0.5, 0.5)}, {"std": (1.0, 0.0, 1.0)}, {"has_presence": True}])
def test_spec_that_cannot_be_followed_is_refused(rule: dict) -> None:
    assert code_of(OnnxEngine, LOCATOR, spec=replace(PEER_SPEC, **rule)) == "model_spec"


def test_logits_without_a_sigmoid_are_an_error_not_a_clipped_alpha() -> None:
    net = OnnxEngine(PEER, spec=replace(PEER_SPEC, sigmoid=False))
    with pytest.raises(ModelError, match=r"not in \[0, 1\].*sigmoid"):
        net.run(picture(1, 3, 64, 64))


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (picture(1, 3, 64, 64).tolist(), "numpy array but is list"),
        (picture(3, 64, 64), r"\(3, 64, 64\) float32"),
        (picture(1, 3, 64, 64).astype(np.float64), "float64"),
        ((picture(1, 3, 64, 64) * 255).astype(np.uint8), "uint8"),
        (picture(1, 4, 64, 64), "3"),
        (picture(1, 64, 64, 3), r"\(1, 64, 64, 3\)"),
        (picture(1, 3, 64, 65), "multiple of 32 px high and wide but is 65x64"),
        (picture(0, 3, 64, 64), r"\(0, 3, 64, 64\)"),
        (picture(1, 3, 64, 64) * 255, r"in \[0, 1\]"),
        (picture(1, 3, 64, 64) - 0.5, r"in \[0, 1\]"),
        (np.full((1, 3, 64, 64), np.nan, np.float32), "nan"),
    ],
)
def test_wrong_input_is_named(x, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        OnnxEngine(LOCATOR).run(x)
    assert caught.value.code == "model_input"


def test_fixed_size_is_named() -> None:
    with pytest.raises(ModelError, match=r"\(1, 3, 64, 64\) but is \(1, 3, 32, 32\)"):
        OnnxEngine(PEER, spec=PEER_SPEC).run(picture(1, 3, 32, 32))


@pytest.mark.parametrize("given", [[], [picture(1, 3, 32, 32)] * 2])
def test_wrong_number_of_inputs(given: list) -> None:
    assert code_of(OnnxEngine(LOCATOR).run, *given) == "model_input"


def test_rounding_just_outside_the_range_is_no_error() -> None:
    x = np.full((1, 3, 32, 32), np.nextafter(np.float32(1), np.float32(2)))
    assert OnnxEngine(LOCATOR).run(x)[0].max() == 1


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert code_of(OnnxEngine, tmp_path / "no.onnx") == "model_not_found"
    assert code_of(OnnxEngine, tmp_path) == "model_not_found"


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not a network", b"<html>404</html>" * 50, b"\x89PNG\r\n"])
def test_not_an_onnx_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    assert code_of(OnnxEngine, path) == "model_corrupt"
    assert code_of(OnnxEngine, content) == "model_corrupt"


def test_torn_file_never_loads_and_never_ends_in_a_traceback() -> None:
    content = LOCATOR.read_bytes()
    codes = {code_of(OnnxEngine, content[:size]) for size in range(0, len(content), 16)}
    assert codes <= {"model_corrupt", "model_load", "model_unsupported", "model_spec", "model_spec_missing"}
    assert "model_corrupt" in codes


def test_newer_operator_set_says_what_to_update(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(ModelError, match="update the package onnxruntime") as caught:
        OnnxEngine(DATA / "tiny_future.onnx", spec=PEER_SPEC)
    assert caught.value.code == "model_unsupported"
    assert capfd.readouterr() == ("", "")


def test_cpu_is_always_available() -> None:
    assert available_devices()[-1] == "cpu"
    assert set(available_devices()) < set(DEVICES)


def test_unknown_device_and_threads() -> None:
    assert code_of(OnnxEngine, LOCATOR, device="gpu") == "device_unknown"
    assert code_of(OnnxEngine, LOCATOR, threads=0) == "threads"
    assert OnnxEngine(LOCATOR, threads=2).device == "cpu"


@pytest.mark.parametrize(
    ("device", "package"),
    [("cuda", "onnxruntime-gpu"), ("directml", "onnxruntime-directml"), ("openvino", "onnxruntime-openvino")],
)
def test_asked_for_device_that_is_not_there(device: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ModelError, match=f"{device} is not available.*available here: cpu.*{package}") as caught:
        OnnxEngine(LOCATOR, device=device)
    assert caught.value.code == "device_unavailable"


class FakeCuda:
    """An ONNX Runtime built for CUDA on a machine where CUDA does not start: it takes the CPU and says nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, starts: bool) -> None:
        self.asked: list[list] = []
        real = onnxruntime.InferenceSession

        def session(source, options, providers, enable_fallback):
            assert enable_fallback == 0
            names = [p if isinstance(p, str) else p[0] for p in providers]
            self.asked.append(names)
            made = real(source, options, providers=["CPUExecutionProvider"])
            made.get_providers = lambda: names if starts else ["CPUExecutionProvider"]
            return made

        monkeypatch.setattr(onnxruntime, "InferenceSession", session)
        monkeypatch.setattr(
            onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
        )


def test_silent_fallback_of_an_asked_for_device_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCuda(monkeypatch, starts=False)
    assert code_of(OnnxEngine, LOCATOR, device="cuda") == "device_unavailable"


def test_auto_reports_the_device_that_runs_and_what_it_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCuda(monkeypatch, starts=False)
    net = OnnxEngine(LOCATOR)
    assert net.device == "cpu"
    assert [error.code for error in net.passed_over] == ["device_unavailable"]


def test_auto_takes_the_best_device_that_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCuda(monkeypatch, starts=True)
    assert OnnxEngine(LOCATOR).device == "cuda"
    assert fake.asked == [["CUDAExecutionProvider", "CPUExecutionProvider"]]


def test_broken_file_is_not_blamed_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCuda(monkeypatch, starts=True)
    assert code_of(OnnxEngine, b"not a network", device="cuda") == "model_corrupt"


def test_one_engine_serves_many_threads() -> None:
    net = OnnxEngine(LOCATOR, threads=1)
    pictures = [picture(1, 3, 32 * (1 + i % 3), 64) * np.float32(1 / (1 + i)) for i in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda x: net.run(x)[0], pictures))
    for x, alpha in zip(pictures, answers, strict=True):
        np.testing.assert_array_equal(alpha, x[:, :1])


def test_threads_respect_the_limits_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(engine.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(engine, "_cgroup_cores", lambda: iter([3]))
    assert engine.usable_cores() == 3
    assert engine._session_options(onnxruntime, None).intra_op_num_threads == 3
    assert engine._session_options(onnxruntime, 2).intra_op_num_threads == 2
    monkeypatch.setattr(engine, "_cgroup_cores", lambda: iter([]))
    assert engine.usable_cores() == 64
    assert engine._session_options(onnxruntime, None).intra_op_num_threads == 0


def test_importing_the_engine_leaves_onnxruntime_alone() -> None:
    code = (
        "import sys, tress.engine, tress.catalog; sys.exit(bool({'onnxruntime', 'pooch', 'requests'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
