"""The native builds that tress runs on and the user chooses: one of ONNX Runtime's, one of OpenCV's.

Several packages bring the same module (``onnxruntime`` and ``onnxruntime-gpu``; ``opencv-python-headless`` and
``opencv-contrib-python``), and the one installed last overwrites the other.  So none of them is required by the plain
install: the extras ``cpu`` and ``gpu`` bring them, or they are there already.
"""

from __future__ import annotations

from tress.errors import ModelError

_NAMES = {"cv2": "OpenCV", "onnxruntime": "ONNX Runtime"}
_PACKAGES = {"cv2": "opencv-python-headless", "onnxruntime": "onnxruntime"}


def explained(error: ImportError) -> ModelError | ImportError:
    """What to raise for a failed import.

    Returns:
        A ModelError that says what to install (``build_missing``, ``build_broken``), or ``error`` itself if it is about
        another module.
    """
    module = (error.name or "").partition(".")[0]
    if module not in _NAMES:
        return error
    name, package = _NAMES[module], _PACKAGES[module]
    if isinstance(error, ModuleNotFoundError):
        return ModelError(
            "build_missing",
            f"tress needs {name}, and no build of it is installed",
            hint=f"install tress with the extra cpu or gpu, or {name} alone: pip install {package}",
        )
    return ModelError(
        "build_broken",
        f"{name} is installed but cannot be loaded: {error}",
        hint=f"remove every package that brings the module {module}, then: pip install {package}",
    )


def is_installed(package: str) -> bool:
    """Whether pip lists this package, whatever has been written over its files since."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
