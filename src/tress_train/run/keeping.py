"""Where a run is kept: a local folder, or one that goes with every checkpoint to a URL."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from tress_train.storage.places import Place, is_url
from tress_train.storage.versions import Versions, publish

# What a run can make again.
_SCENES = "scenes/"
# Where Google's Vertex AI wants curves and weights, if it runs this.
BOARD_VARIABLE, MODEL_VARIABLE = "AIP_TENSORBOARD_LOG_DIR", "AIP_MODEL_DIR"


@dataclass
class Keeping:
    """The local folder of a run, and the versions of it under a URL, if it has one."""

    folder: Path
    versions: Versions | None = None

    def send(self) -> None:
        """Sends what has changed to the URL.

        Raises:
            StorageError: the URL cannot be written.
        """
        if self.versions is not None:
            self.versions.push(self.folder)
            if board := os.environ.get(BOARD_VARIABLE):
                names = [path.relative_to(self.folder / "tensorboard").as_posix() for path in self._board()]
                publish(self.folder / "tensorboard", names, board)

    def publish(self, names: list[str]) -> None:
        """Sends files of a run that is finished under their own names as well.

        Raises:
            StorageError: the URL cannot be written.
        """
        if self.versions is not None:
            publish(self.folder, names, self.versions.url)
            if model := os.environ.get(MODEL_VARIABLE):
                publish(self.folder, names, model)

    def leave(self) -> None:
        """Removes the local folder of a run that is kept under a URL."""
        if self.versions is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _board(self) -> list[Path]:
        return sorted(path for path in (self.folder / "tensorboard").rglob("*") if path.is_file())


def keep(out: Place, accelerator: Accelerator) -> Keeping:
    """Opens the place of a run; of a URL, every machine gets its newest whole version in a temporary folder.

    Raises:
        InputError: the URL is of a kind that cannot be opened.
        StorageError: it cannot be read, or no version in it is whole.
    """
    if not is_url(out):
        return Keeping(Path(out))
    keeping = Keeping(
        Path(_shared_name(accelerator)), Versions(str(out), leave_out=lambda name: name.startswith(_SCENES))
    )
    with accelerator.local_main_process_first():
        if accelerator.is_local_main_process:
            keeping.folder.mkdir(parents=True, exist_ok=True)
            assert keeping.versions is not None
            keeping.versions.pull(keeping.folder)
    return keeping


def _shared_name(accelerator: Accelerator) -> str:
    """A name for a folder that all processes agree on."""
    names = [tempfile.mkdtemp(prefix="tress-run-") if accelerator.is_main_process else ""]
    if accelerator.num_processes > 1:
        broadcast_object_list(names)
    return names[0]
