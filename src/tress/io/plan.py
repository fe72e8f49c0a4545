"""Where results go: which file every input becomes, decided and checked before any work."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from tress.errors import InputError
from tress.io.files import NO_PERMISSION, target_exists
from tress.io.naming import BESIDE, PICTURE_SUFFIXES, PLAIN, NameTemplate, picture_stem
from tress.io.sources import name_too_long

STANDARD_STREAM = "-"

Existing: TypeAlias = Literal["refuse", "overwrite", "skip"]


@dataclass(frozen=True)
class Job:
    """One picture to work on.

    Attributes:
        source: the file to read; None is standard input.
        target: the file to write; None is standard output.
        relative: the source's path below the folder it was found in, with forward slashes; the file name for a
            single file, ``-`` for standard input.
    """

    source: Path | None
    target: Path | None
    relative: str


def plan(
    inputs: Sequence[str],
    output: str | None,
    *,
    extension: str,
    name: NameTemplate | None = None,
    existing: Existing = "refuse",
    protected: Sequence[Path] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> list[Job]:
    """Decides for every input where its result goes, and refuses everything that would lose a file.

    Without ``output`` a result lies beside its input: ``photo.jpg`` gives ``photo.cutout.png``.  ``output`` is a file
    for one input file if it ends in a picture suffix, and a folder if it exists as one, ends in a slash, or there are
    several inputs or a folder among them; results there are called ``photo.png``, and the tree below an input folder
    is kept.  Folders are walked recursively; hidden files, files without a picture suffix and earlier results
    (``*.cutout.*``) are passed over.  An earlier result that is named itself, as by ``*.png``, is passed over if its
    picture is among the inputs.  ``-`` is standard input, and as ``output`` standard output.  Links are inputs of
    their own; one that leads nowhere fails at its turn.

    Args:
        inputs: files, folders, ``-``.
        output: file, folder, ``-`` or None.
        extension: of the results, with its dot.
        name: what results are called.  None: ``{stem}.cutout`` beside the input, ``{stem}`` in a folder of their own.
        existing: what to do about targets that exist: refuse all of the work, replace them, or leave their jobs out.
        protected: further files that must not be written to.
        warn: is told about inputs that are passed over although they were named, and folders that cannot be read.

    Returns:
        The jobs in the order of the inputs; none if all results exist and are skipped.

    Raises:
        InputError: ``no_input``, ``path_empty``, ``path_missing``, ``path_invalid``, ``folder_empty``,
            ``path_no_permission``, ``stdin_twice``, ``stdout_needs_one_input``, ``output_not_a_folder``,
            ``output_suffix_unknown``, ``output_collision``, ``output_is_input``, ``target_exists``, ``name_too_long``.
    """
    if not inputs:
        raise InputError("no_input", "there is nothing to do", hint="name a picture, a folder, or - for standard input")
    if list(inputs).count(STANDARD_STREAM) > 1:
        raise InputError("stdin_twice", "standard input (-) can be read only once")
    if "" in inputs or output == "":
        raise InputError(
            "path_empty", "a name is empty", hint="a variable may be unset; the folder you are in is called ."
        )
    found: list[tuple[Path | None, str]] = []
    empty: list[str] = []
    for given in inputs:
        expanded = _expand(given, skipped=output, warn=warn)
        found.extend(expanded)
        empty += [] if expanded else [given]
    if not found:
        raise InputError(
            "folder_empty",
            f"there is no picture in the folder {empty[0]}",
            hint="hidden files and earlier results are passed over",
        )
    for given in empty:
        warn(f"there is no picture in the folder {given}")
    # Results that have a folder of their own are not met again as inputs.
    results = (BESIDE,) if name is None or output is not None else (BESIDE, name)
    found = _without_results(_without_repeats(found), results, warn)
    has_folder = any(given != STANDARD_STREAM and Path(given).is_dir() for given in inputs)

    if output == STANDARD_STREAM or (output is None and inputs == [STANDARD_STREAM]):
        if len(found) != 1 or has_folder:
            raise InputError(
                "stdout_needs_one_input", "standard output can take one result only", hint="name a folder with --output"
            )
        return [Job(found[0][0], None, found[0][1])]
    folder = _output_folder(output, is_many=len(inputs) > 1 or has_folder)
    if name is not None and folder is None and output is not None:
        raise InputError(
            "options_conflict", f"--name and the file name {output} exclude each other", hint="leave one of them out"
        )
    jobs = [
        Job(source, _target(source, relative, output, folder, extension, name), relative) for source, relative in found
    ]
    _refuse_collisions(jobs)
    _refuse_inputs_as_targets(jobs, protected)
    there = {job.target: None for job in jobs if job.target and os.path.lexists(job.target)}
    if existing == "refuse" and there:
        raise target_exists(list(there))
    if existing == "skip":
        jobs = [job for job in jobs if job.target not in there]
    _refuse_unwritable(jobs)
    return jobs


def _expand(name: str, *, skipped: str | None, warn: Callable[[str], None]) -> list[tuple[Path | None, str]]:
    """An input as sources with their relative names; none for a folder without pictures."""
    if name == STANDARD_STREAM:
        return [(None, STANDARD_STREAM)]
    path = Path(name)
    try:
        if path.is_dir():
            return [(file, file.relative_to(path).as_posix()) for file in walk(path, skipped, warn)]
        is_there = path.exists() or path.is_symlink()
    except PermissionError as error:
        raise InputError("path_no_permission", f"no permission to read {error.filename or name}") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            raise name_too_long(name) from error
        raise InputError("path_invalid", f"{name!r} cannot be read: {error}") from error
    if not is_there:
        hint = "tress reads files; download it first" if "://" in name else "check the name and the folder"
        raise InputError("path_missing", f"{name} does not exist", hint=hint)
    return [(path, path.name)]


def walk(folder: Path, skipped: str | None, warn: Callable[[str], None]) -> Iterator[Path]:
    """The pictures below a folder in a stable order; linked folders are followed, each real folder once.

    Hidden files and folders, files without a picture suffix and earlier results (``*.cutout.*``) are passed over.

    Args:
        folder: to walk through.
        skipped: an output folder inside it, which is passed over too: what lies there are results.
        warn: is told about folders that cannot be read.

    Raises:
        OSError: ``folder`` itself cannot be read.
    """
    seen: set[str] = set()
    if skipped is not None and os.path.realpath(skipped) != os.path.realpath(folder):
        seen.add(os.path.realpath(skipped))

    def unreadable(error: OSError) -> None:
        # Every disk has folders of the system's own; the one that was named is another matter.
        if Path(error.filename) == folder:
            raise error
        warn(f"no permission to read {error.filename}" if error.errno in NO_PERMISSION else str(error))

    for place, folders, files in os.walk(folder, followlinks=True, onerror=unreadable):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            is_picture = not name.startswith(".") and path.suffix.lower() in PICTURE_SUFFIXES
            if is_picture and BESIDE.source_stem(path.stem) is None:
                yield path


def _without_results(
    found: list[tuple[Path | None, str]], results: Sequence[NameTemplate], warn: Callable[[str], None]
) -> list[tuple[Path | None, str]]:
    """Drops results of earlier runs whose pictures are among the inputs."""
    pictures = {_key(path.with_name(picture_stem(path.name))) for path, _ in found if path is not None}
    kept = []
    for path, relative in found:
        if path is not None:
            stems = [stem for template in results if (stem := template.source_stem(path.stem))]
            if any(_key(path.with_name(stem)) in pictures for stem in stems):
                warn(f"{path} is an earlier result and is passed over")
                continue
        kept.append((path, relative))
    return kept


def _without_repeats(found: list[tuple[Path | None, str]]) -> list[tuple[Path | None, str]]:
    """Drops inputs that were named twice, directly or through a folder."""
    seen: set[str | None] = set()
    kept = []
    for source, relative in found:
        key = None if source is None else os.path.join(os.path.realpath(source.parent), source.name)
        if key not in seen:
            seen.add(key)
            kept.append((source, relative))
    return kept


def _output_folder(output: str | None, *, is_many: bool) -> Path | None:
    """The folder that ``output`` names, or None if it names a file or nothing."""
    if output is None:
        return None
    path = Path(output)
    is_named_folder = output.endswith(("/", os.sep)) or path.is_dir()
    if is_many and not is_named_folder and path.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(
            "output_not_a_folder",
            f"{output} is the name of a file, but several results need a folder",
            hint="name a folder with --output, with a slash at its end",
        )
    if is_named_folder or is_many:
        if path.exists() and not path.is_dir():
            raise InputError(
                "output_not_a_folder", f"{output} is a file, but a folder is needed", hint="name a folder with --output"
            )
        return path
    if path.suffix.lower() not in PICTURE_SUFFIXES:
        raise InputError(
            "output_suffix_unknown",
            f"{output} has no known picture suffix",
            hint=f"name a file such as {path.name}.png, or a folder with a slash at its end",
        )
    return None


def _target(
    source: Path | None,
    relative: str,
    output: str | None,
    folder: Path | None,
    extension: str,
    name: NameTemplate | None,
) -> Path:
    if folder is not None:
        place = folder / ("stdin" if source is None else relative)
        return place.with_name((name or PLAIN).name(place.name, extension))
    if output is not None:
        return Path(output)
    place = Path("stdin") if source is None else source
    return place.with_name((name or BESIDE).name(place.name, extension))


def folded(name: str) -> str:
    """Equal for names that may be the same file on file systems that ignore case or Unicode form."""
    return unicodedata.normalize("NFC", name).casefold()


def _key(path: Path) -> str:
    return folded(os.path.join(os.path.realpath(path.parent), path.name))


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    owners: dict[str, Job] = {}
    for job in jobs:
        if job.target is None:
            continue
        other = owners.setdefault(_key(job.target), job)
        if other is not job:
            raise InputError(
                "output_collision",
                f"{other.source or STANDARD_STREAM} and {job.source or STANDARD_STREAM} would both be written to "
                f"{job.target}",
                hint="tell them apart with --name '{stem}-{ext}', or rename one",
            )


def _refuse_inputs_as_targets(jobs: Sequence[Job], protected: Sequence[Path]) -> None:
    read = [job.source for job in jobs if job.source] + list(protected)
    sources = {os.path.realpath(path): path for path in read}
    folded = {_key(source): source for source in sources.values()}
    for job in jobs:
        if job.target is None:
            continue
        hit = sources.get(os.path.realpath(job.target)) or folded.get(_key(job.target))
        if hit is not None:
            raise InputError(
                "output_is_input",
                f"the result {job.target} would replace the input {hit}",
                hint="choose another --output; inputs are never overwritten",
            )


def _refuse_unwritable(jobs: Sequence[Job]) -> None:
    """Raises InputError for what writing would fail on after all the work."""
    longest: dict[Path, str] = {}
    for job in jobs:
        if job.target:
            name = longest.setdefault(job.target.parent, job.target.name)
            longest[job.target.parent] = max(name, job.target.name, key=lambda text: len(os.fsencode(text)))
    for folder, name in longest.items():
        place = folder
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise InputError(
                "output_not_a_folder", f"{place} is a file, but a folder is needed", hint="name a folder with --output"
            )
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(
                "path_no_permission", f"no permission to write in {place}", hint="choose another place with --output"
            )
        if hasattr(os, "pathconf") and len(os.fsencode(name)) > os.pathconf(place, "PC_NAME_MAX"):
            raise InputError(
                "name_too_long", f"the name of the result would be too long: {name}", hint="name a file with --output"
            )
