"""Running ONNX networks.  The only file that imports onnxruntime, and only when an engine is made."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tress.builds import explained, is_installed
from tress.errors import ModelError
from tress.io.onnx_data import check_external_data
from tress.spec import ModelSpec

Floats = npt.NDArray[np.float32]


class _Backend(NamedTuple):
    provider: str
    package: str
    options: dict[str, str]


_BACKENDS = {
    "cpu": _Backend("CPUExecutionProvider", "onnxruntime", {}),
    "cuda": _Backend(
        "CUDAExecutionProvider",
        "onnxruntime-gpu",
        # Input sizes vary: an exhaustive search would be repeated for every new one, and the arena would double.
        {"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"},
    ),
    "coreml": _Backend("CoreMLExecutionProvider", "onnxruntime (on macOS)", {}),
    "directml": _Backend("DmlExecutionProvider", "onnxruntime-directml", {}),
    "openvino": _Backend("OpenVINOExecutionProvider", "onnxruntime-openvino", {}),
}
DEVICES = ("auto", *_BACKENDS)
"""What can be asked for."""

# CoreML is only used when asked for: it compiles the network anew for every input size.
_AUTO_ORDER = ("cuda", "directml", "openvino", "cpu")
# A value this far outside [0, 1] is not rounding but a mistake: 0..255 pixels, a missing sigmoid.
_SLACK = 1e-2

_NO_GRAPH = re.compile(r"no graph was found|does not have a graph", re.IGNORECASE)
_NEEDS_NEWER = re.compile(r"opset versions|IR.version", re.IGNORECASE)
_LOOKED_AT = 2000
_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .*? failed:|\S+\.(?:cc|h|cpp):\d+ .*?\) (?:const )?"
)


def available_devices() -> tuple[str, ...]:
    """The devices that the installed ONNX Runtime was built for, best first; ``cpu`` is always there.

    A device may still fail to start, for example when a driver is missing: only an engine tells for sure.
    """
    built_for = _runtime().get_available_providers()
    order = (*_AUTO_ORDER[:-1], "coreml", "cpu")
    return tuple(device for device in order if _BACKENDS[device].provider in built_for)


def _runtime() -> Any:
    """ONNX Runtime, told to keep to itself.

    Some builds count uses: they leave a device id and an event store in the home folder, and look up their maker's
    host.  The variable is read while the module loads; the function alone would come too late.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise explained(error) from None

    if os.environ["ORT_DISABLE_TELEMETRY"] == "1":
        # Whoever embeds us may have imported it before.
        ort.disable_telemetry_events()
    return ort


class OnnxEngine:
    """One network, loaded once.

    Safe to share between threads: a run keeps no state in the engine, and ONNX Runtime sessions may run concurrently.
    Safe to keep across ``os.fork``: the child loads the network anew when it first runs it.

    Args:
        model: an ONNX file, or its contents.
        spec: how to feed a network that does not say so itself; it takes precedence over the file's own description.
        device: one of ``DEVICES``.  ``auto`` takes the best device that really starts, ending with the CPU.
        threads: threads of one run on the CPU; None takes the cores that this process may use.

    Attributes:
        spec: how the network is fed.
        device: where it really runs, never ``auto``.
        threads: of one run on the CPU.
        passed_over: why the devices that ``auto`` would have preferred did not start; tell the user.

    Raises:
        ModelError: ``model_not_found``, ``model_corrupt`` (not an ONNX file, or a torn one), ``model_external_data``
            (weights outside its folder), ``model_unsupported`` (needs a newer ONNX Runtime), ``model_load`` (anything
            else that stops it), ``model_spec`` and ``model_spec_missing``, ``device_unknown``, ``device_unavailable``,
            ``threads``.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        spec: ModelSpec | None = None,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        if device not in DEVICES:
            raise ModelError(
                "device_unknown", f"there is no device {device!r}", hint=f"use one of {', '.join(DEVICES)}"
            )
        if threads is not None and threads < 1:
            raise ModelError("threads", f"threads must be at least 1 but is {threads}")
        self._name = "the model" if isinstance(model, bytes) else str(model)
        source = _source(model)
        check_external_data(model if isinstance(model, bytes) else Path(model), self._name)
        self.threads = threads or usable_cores()
        self.passed_over: list[ModelError] = []
        self.device, self._session = self._start(source, device, threads)
        self._restart = partial(_session, source, self._name, self.device, threads)
        self._restarting = threading.Lock()
        _engines.add(self)
        self.spec = spec or ModelSpec.from_metadata(self._session.get_modelmeta().custom_metadata_map)
        self._inputs = self._session.get_inputs()
        self._output_names = [output.name for output in self._session.get_outputs()]
        self._check_spec()
        mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (self.spec.mean, self.spec.std))
        self._normalise = (mean, std) if mean.any() or (std != 1).any() else None

    def run(self, *inputs: Floats, **named: Floats) -> list[Floats]:
        """Runs the network once.

        Args:
            *inputs: in the order of the network's inputs, each ``(N, C, H, W)`` float32 in [0, 1].  The first three
                channels of the first are RGB; a refiner's further channels are as its network declares them.  Height
                and width are multiples of ``spec.multiple``.
            **named: the same, by the names of the network's inputs.

        Returns:
            Alpha ``(N, 1, H, W)``, then uncertainty ``(N, 1, H, W)`` and presence ``(N,)`` if the spec promises them;
            float32 in [0, 1].

        Raises:
            ModelError: ``model_input`` (a wrong array), ``model_output`` (the network does not do what its spec says),
                ``model_run`` (it failed, for example for lack of memory).
        """
        feed = self._feed(inputs, named)
        first = feed[self._inputs[0].name]
        if self._normalise is not None:
            mean, std = self._normalise
            feed[self._inputs[0].name] = (first - mean) / std
        for declared in self._inputs:
            if declared.type == "tensor(float16)":
                feed[declared.name] = feed[declared.name].astype(np.float16)
        wanted = self._output_names[: self._promised()]
        session = self._loaded()
        try:
            outputs = session.run(wanted, feed)
        except Exception as error:
            raise ModelError(
                "model_run",
                f"{self._name} failed on an input of {first.shape[3]}x{first.shape[2]}: {_brief(error)}",
                hint="if memory ran out, use a smaller input or the device cpu",
            ) from error
        return [self._read(index, output, first) for index, output in enumerate(outputs)]

    def _loaded(self) -> Any:
        """The session; in a forked child a new one."""
        if self._session is None:
            with self._restarting:
                self._session = self._session or self._restart()
        return self._session

    def leave_to_parent(self) -> None:
        """In a forked child: forgets the parent's session, whose threads do not exist here.

        It is never destroyed either, for that would wait for those threads.
        """
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))
        self._session = None
        self._restarting = threading.Lock()

    def _start(self, source: str | bytes, device: str, threads: int | None) -> tuple[str, Any]:
        if device != "auto":
            return device, _session(source, self._name, device, threads)
        there = available_devices()
        for candidate in _AUTO_ORDER[:-1]:
            if candidate in there:
                try:
                    return candidate, _session(source, self._name, candidate, threads)
                except ModelError as error:
                    self.passed_over.append(error)
        return "cpu", _session(source, self._name, "cpu", threads)

    def _promised(self) -> int:
        """How many outputs the spec describes; a network may have more (U2Net has seven)."""
        return 3 if self.spec.has_presence else 2 if self.spec.has_uncertainty else 1

    def _check_spec(self) -> None:
        if len(self._output_names) < self._promised():
            raise ModelError(
                "model_spec",
                f"{self._name} has {len(self._output_names)} outputs but its description promises {self._promised()}",
            )
        if len(self.spec.mean) != 3 or len(self.spec.std) != 3 or 0 in self.spec.std:
            raise ModelError("model_spec", f"mean and std of {self._name} must be three numbers each, no std zero")
        if self.spec.has_presence and not self.spec.has_uncertainty:
            raise ModelError("model_spec", f"{self._name} promises a presence without an uncertainty before it")
        for declared in self._inputs:
            if declared.type not in ("tensor(float)", "tensor(float16)") or len(declared.shape) != 4:
                kind = f"{declared.type} {declared.shape}"
                raise ModelError(
                    "model_spec", f"input {declared.name!r} of {self._name} is {kind}, not (N, C, H, W) float"
                )

    def _feed(self, inputs: tuple[Floats, ...], named: dict[str, Floats]) -> dict[str, Floats]:
        names = [declared.name for declared in self._inputs]
        feed = {**dict(zip(names, inputs, strict=False)), **named}
        if len(inputs) + len(named) != len(names) or set(feed) != set(names):
            given = len(inputs) + len(named)
            raise ModelError("model_input", f"{self._name} takes the inputs {names} but {given} other were given")
        for declared in self._inputs:
            self._check_input(declared, feed[declared.name])
        return feed

    def _check_input(self, declared: Any, array: Floats) -> None:
        def wrong(what: str) -> ModelError:
            return ModelError("model_input", f"input {declared.name!r} of {self._name} must be {what}")

        if not isinstance(array, np.ndarray):
            raise wrong(f"a numpy array but is {type(array).__name__}")
        if array.ndim != 4 or array.dtype != np.float32 or array.size == 0:
            raise wrong(f"(N, C, H, W) float32 but is {array.shape} {array.dtype}")
        # Names and None in a declared shape stand for "any size".
        fixed = [size if isinstance(size, int) and size > 0 else None for size in declared.shape]
        if any(size not in (None, given) for size, given in zip(fixed, array.shape, strict=True)):
            raise wrong(f"{tuple(size or '?' for size in fixed)} but is {array.shape}")
        multiple = self.spec.multiple
        if array.shape[2] % multiple or array.shape[3] % multiple:
            raise wrong(f"a multiple of {multiple} px high and wide but is {array.shape[3]}x{array.shape[2]}")
        low, high = float(array.min()), float(array.max())
        if _is_outside(low, high):
            raise wrong(f"in [0, 1] but lies in [{low:g}, {high:g}]")

    def _read(self, index: int, output: npt.NDArray, first: Floats) -> Floats:
        count, _, height, width = first.shape
        answer = output.astype(np.float32, copy=False)
        shape = (count,) if index == 2 else (count, 1, height, width)
        if answer.size != np.prod(shape) or (index < 2 and answer.shape[-2:] != (height, width)):
            raise ModelError("model_output", f"output {index} of {self._name} has shape {answer.shape}, not {shape}")
        if index == 0 and self.spec.sigmoid:
            # exp overflows only where the answer is 0 to the last bit.
            with np.errstate(over="ignore"):
                answer = np.asarray(1 / (1 + np.exp(-answer)), np.float32)
        low, high = float(answer.min()), float(answer.max())
        if _is_outside(low, high):
            raise ModelError(
                "model_output",
                f"output {index} of {self._name} lies in [{low:g}, {high:g}], not in [0, 1]",
                hint="if the network answers with logits, its description must say `sigmoid = true`",
            )
        return np.clip(answer, 0, 1).reshape(shape)


_engines: weakref.WeakSet[OnnxEngine] = weakref.WeakSet()


def _after_fork() -> None:
    for engine in list(_engines):
        engine.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _is_outside(low: float, high: float) -> bool:
    # Written so that NaN is outside too.
    return not (low >= -_SLACK and high <= 1 + _SLACK)


def _source(model: Path | bytes) -> str | bytes:
    if isinstance(model, bytes):
        return model
    if not Path(model).is_file():
        what = "is a folder" if Path(model).is_dir() else "does not exist"
        raise ModelError("model_not_found", f"the model {model} {what}", hint="`tress models` lists the known ones")
    # A path, not its contents: networks above 2 GB keep their weights in files beside the model.
    return os.fspath(model)


def _session(source: str | bytes, name: str, device: str, threads: int | None) -> Any:
    """A session on exactly this device."""
    ort = _runtime()
    backend = _BACKENDS[device]
    if backend.provider not in ort.get_available_providers():
        raise _unavailable(device, "the installed ONNX Runtime was not built for it")
    providers: list[Any] = [(backend.provider, backend.options)]
    if device != "cpu":
        # The CPU runs the few operators that a device does not know.
        providers.append(_BACKENDS["cpu"].provider)
    options = _session_options(ort, threads)
    try:
        # Without enable_fallback=0 a device that fails is replaced by the CPU, now or in the middle of a run.
        session = ort.InferenceSession(source, options, providers=providers, enable_fallback=0)
    except Exception as error:
        if device != "cpu" and not _is_about_file(error):
            raise _unavailable(device, _brief(error)) from error
        raise _load_error(name, error) from error
    if backend.provider not in session.get_providers():
        raise _unavailable(device, "it failed to start (a driver or library is missing)")
    return session


def _session_options(ort: Any, threads: int | None) -> Any:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    usable = usable_cores()
    # Unlimited, ONNX Runtime takes the physical cores; the limits of a container it does not see, and would start a
    # thread for every core of the host.
    options.intra_op_num_threads = threads or (usable if usable < (os.cpu_count() or 1) else 0)
    options.inter_op_num_threads = 1
    # Waiting threads must not burn the cores that decode and encode other pictures at the same time: on two busy cores
    # spinning made a run of our locator cost 1.6 times the CPU time, and no faster.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A memory pattern is planned, and kept, for every input size: sizes vary, so it costs memory and saves no time
    # (benchmarks/results/engine_memory.json).  DirectML forbids it altogether.
    options.enable_mem_pattern = False
    # Errors reach the caller as exceptions; the log would repeat them on stderr.
    options.log_severity_level = 4
    return options


def usable_cores() -> int:
    """The cores this process may use, within the limits of its container."""
    cores = os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    return min(affinity, *_cgroup_cores(), cores)


def _cgroup_cores() -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        yield max(1, -(-int(quota) // int(period)))


def _unavailable(device: str, why: str) -> ModelError:
    built_for = available_devices()
    package = _BACKENDS[device].package
    if device in built_for:
        hint = f"check the driver and the libraries that {package} needs, or choose the device cpu"
    elif is_installed(package):
        hint = f"another build was installed over {package}: pip uninstall every onnxruntime, then install {package}"
    else:
        hint = f"it needs the package {package} in place of the installed ONNX Runtime"
    others = ", ".join(other for other in built_for if other != device)
    return ModelError(
        "device_unavailable",
        f"the device {device} is not available: {why}; available here: {others}",
        hint=hint,
    )


def _is_about_file(error: Exception) -> bool:
    """The file itself is broken, whatever the device."""
    # An empty file parses as a model without a graph; versions word and class it differently.
    return type(error).__name__ in ("InvalidProtobuf", "InvalidGraph") or bool(_NO_GRAPH.search(str(error)))


def _load_error(name: str, error: Exception) -> ModelError:
    if _NEEDS_NEWER.search(str(error)):
        return ModelError(
            "model_unsupported",
            f"{name} needs a newer ONNX Runtime: {_brief(error)}",
            hint="update the package onnxruntime, or export the model for an older opset",
        )
    if _is_about_file(error):
        return ModelError(
            "model_corrupt",
            f"{name} is not a valid ONNX file: {_brief(error)}",
            hint="it may be incomplete: copy or download it again",
        )
    return ModelError("model_load", f"{name} cannot be loaded: {_brief(error)}")


def _brief(error: Exception) -> str:
    """ONNX Runtime's message without its codes, its C++ signatures and the file name that ours has already."""
    # Only the start is shown, and the pattern is slow on long words.
    text = _NOISE.sub("", str(error)[:_LOOKED_AT]).strip() or type(error).__name__
    return text.splitlines()[0][:300]
