"""A Remover in other processes than the one it was made in, and what a process leaves behind."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tress.api import Remover

LOCATOR = Path(__file__).parents[1] / "data" / "tiny_locator.onnx"
PICTURE = np.dstack([np.full((64, 64), 200, np.uint8), np.zeros((64, 64), np.uint8), np.full((64, 64), 250, np.uint8)])


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [sys.executable, "-W", "ignore", "-c", program, str(LOCATOR)]
    return subprocess.run(command, env={**own, **environment}, capture_output=True, text=True, check=False)


_FORK = """
import os, signal, sys
import numpy as np
from tress import Remover
picture = np.dstack([np.full((64, 64), 200, np.uint8), np.zeros((64, 64), np.uint8), np.full((64, 64), 250, np.uint8)])
remover = Remover(sys.argv[1], refine=False, threads=int(os.environ["THREADS"]))
expected = remover.matte(picture).alpha
child = os.fork()
if child == 0:
    signal.alarm(60)
    sys.exit(0 if np.array_equal(remover.matte(picture).alpha, expected) else 7)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
again = np.array_equal(remover.matte(picture).alpha, expected)
print(status, again)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_a_forked_child_works_and_ends(threads: str) -> None:
    done = run(_FORK, THREADS=threads)
    assert done.stdout.split() == ["0", "True"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_that_leaves_the_network_alone_ends_too() -> None:
    idle = _FORK.replace("sys.exit(0 if np.array_equal(remover.matte(picture).alpha, expected) else 7)", "sys.exit(0)")
    assert idle != _FORK
    done = run(idle, THREADS="2")
    assert done.stdout.split() == ["0", "True"], done.stderr


def test_a_remover_is_pickled_as_its_arguments() -> None:
    remover = Remover(LOCATOR, refine=False, threads=1, max_megapixels=3.5)
    copy = pickle.loads(pickle.dumps(remover))
    assert (copy.model, copy.max_megapixels) == (remover.model, 3.5)
    np.testing.assert_array_equal(copy.matte(PICTURE).alpha, remover.matte(PICTURE).alpha)


_WORK = """
import sys
import numpy as np
from tress import Remover
remover = Remover(sys.argv[1], refine=False, threads=1)
remover.matte(np.full((64, 64, 3), 200, np.uint8))
"""


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_work_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    done = run(_WORK, HOME=str(tmp_path), USERPROFILE=str(tmp_path), XDG_CACHE_HOME="")
    assert (done.returncode, done.stderr) == (0, "")
    assert files_below(tmp_path) == []


_STRACE = shutil.which("strace")


@pytest.mark.skipif(_STRACE is None, reason="needs strace, and the permission to trace")
def test_work_looks_nothing_up(tmp_path: Path) -> None:
    """What is switched off asks for a name after some seconds, and again at the end."""
    log = tmp_path / "calls"
    trace = [str(_STRACE), "-f", "-e", "trace=connect,sendto", "-o", str(log)]
    if subprocess.run([*trace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("tracing is not allowed here")
    program = _WORK + "\nimport time; time.sleep(8)"
    own = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    command = [*trace, sys.executable, "-W", "ignore", "-c", program, str(LOCATOR)]
    done = subprocess.run(command, env={**own, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = log.read_text()
    assert "+++ exited with 0 +++" in calls
    assert "AF_INET" not in calls


def test_nor_where_onnxruntime_was_imported_before() -> None:
    """Then only its own function can stop it."""
    done = run("import onnxruntime; onnxruntime.disable_telemetry_events = lambda: print('stopped')\n" + _WORK)
    assert done.stdout.split(), done.stderr
    assert set(done.stdout.split()) == {"stopped"}


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "tress", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("tress ")
