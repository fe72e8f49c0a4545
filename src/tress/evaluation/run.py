"""``evaluate``: predicts, scores and reports; everything that was done before is taken from the cache."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tress.engine import usable_cores
from tress.errors import InputError, TressError
from tress.evaluation.cache import Cache, digest
from tress.evaluation.data import DataSet, LeftOut, Problem, read_data, read_truth
from tress.evaluation.manifest import Record
from tress.evaluation.predictors import Predictor, code_digest, open_predictor
from tress.evaluation.report.write import write_report
from tress.evaluation.scoring import row, score
from tress.evaluation.slices import slices_of
from tress.evaluation.summary import Rows, summarise
from tress.io.decode import decode
from tress.metrics.registry import select
from tress.process.labels import Edge

MARK = "report.json"
_CODE = ("metrics", "evaluation", "process", "io")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Options:
    """How to evaluate.

    Attributes:
        metrics: names; empty means all.
        sets: data sets to use; empty means all.
        every: use only every n-th picture of each data set, for a quick look.
        threads: cores to use; None means all that this process may use.
        refine: run the refiner too, for models.
        edge: grade of the alphas of plain folders.
    """

    metrics: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    every: int = 1
    threads: int | None = None
    refine: bool = True
    edge: Edge = "exact"


@dataclass(frozen=True)
class Outcome:
    """What came out: the report's content, its files, and what could not be scored."""

    report: dict[str, Any]
    files: list[Path]
    problems: list[Problem]

    @property
    def failures(self) -> list[Problem]:
        """Problems that should not be: everything but what the protocol leaves out."""
        return [problem for problem in self.problems if not problem.expected]


def evaluate(
    data: Path,
    models: Sequence[str | Predictor],
    out: Path,
    options: Options | None = None,
    progress: Progress = lambda what, done, of: None,
) -> Outcome:
    """Scores models on a data set and writes ``report.html``, ``report.json`` and ``report.md``.

    A picture or a model that fails is named in the report, and the others are scored.

    Args:
        data: see ``read_data``.
        models: what ``open_predictor`` takes, or predictors; the first is what the others are compared with.
        out: folder of the report and of the cache (``out/cache``).
        options: see ``Options``.
        progress: called after each picture.

    Raises:
        InputError: the data set cannot be read, ``out`` holds something else, a metric or set is unknown, or no model
            is given.
    """
    options = options or Options()
    if not models:
        raise InputError("model_missing", "no model is given", hint="name one with --model")
    metrics = select(list(options.metrics))
    chosen = choose(read_data(data, edge=options.edge), options)
    _check_out(out)
    run = _Run(chosen, Cache(out / "cache"), tuple(metrics), options.threads or usable_cores(), progress)
    run.problems += chosen.problems
    for model in models:
        try:
            predictor = (
                open_predictor(model, chosen.names, threads=run.threads, refine=options.refine)
                if isinstance(model, str)
                else model
            )
        except TressError as error:
            run.problems.append(Problem("", str(model), error.code, str(error)))
            continue
        run.score_model(predictor)
    report = summarise(data.resolve().name, chosen.names, metrics, run.models, run.rows, run.unique_problems())
    files = write_report(report, chosen, run.prediction_of, out)
    return Outcome(report, files, run.unique_problems())


def choose(data: DataSet, options: Options) -> DataSet:
    """The part of a data set that the options ask for, ordered by set and name.

    Raises:
        InputError: a set is unknown, or ``every`` is below 1.
    """
    known = {record.set for record in data.records}
    if unknown := set(options.sets) - known:
        raise InputError(
            "set_unknown", f"the data has no set {sorted(unknown)[0]!r}", hint=f"it has {', '.join(sorted(known))}"
        )
    if options.every < 1:
        raise InputError("every_range", f"every must be at least 1 but is {options.every}")
    counts: dict[str, int] = {}
    records = []
    for record in sorted(data.records, key=lambda record: (record.set, str(record.image))):
        if options.sets and record.set not in options.sets:
            continue
        if counts.setdefault(record.set, 0) % options.every == 0:
            records.append(record)
        counts[record.set] += 1
    return DataSet(data.root, records, data.problems)


def _check_out(out: Path) -> None:
    """Nobody's files are overwritten: the folder is new, empty, or holds an earlier evaluation."""
    if out.is_file():
        raise InputError("out_is_file", f"{out} is a file", hint="name a folder with --out")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file() and not (out / "cache").is_dir():
        raise InputError("out_not_empty", f"{out} holds other files", hint="name a new folder with --out")


@dataclass(frozen=True)
class _Job:
    """One prediction to be scored, in a form that another process can be handed."""

    record: Record
    name: str
    cache: Cache
    prediction_key: str
    score_key: str
    metrics: tuple[str, ...]
    cleans_colours: bool


@dataclass
class _Run:
    data: DataSet
    cache: Cache
    metrics: tuple[str, ...]
    threads: int
    progress: Progress
    models: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, Rows] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def score_model(self, predictor: Predictor) -> None:
        """Predicts every picture, then scores the predictions."""
        name = predictor.name
        number = 2
        while name in self.rows:
            name = f"{predictor.name} ({number})"
            number += 1
        self.models.append(
            {"name": name, "size_bytes": predictor.size_bytes, "cleans_colours": predictor.cleans_colours}
        )
        jobs = []
        for done, (record, picture) in enumerate(zip(self.data.records, self.data.names, strict=True), 1):
            job = self._predict(predictor, name, record, picture)
            if job is not None:
                jobs.append(job)
            self.progress(f"{name}: predict", done, len(self.data.records))
        self.rows[name] = {}
        for done, (job, result) in enumerate(self._scored(jobs), 1):
            if isinstance(result, Problem):
                self.problems.append(result)
            else:
                self.rows[name][job.name] = result
            self.progress(f"{name}: score", done, len(jobs))

    def _predict(self, predictor: Predictor, model: str, record: Record, picture: str) -> _Job | None:
        try:
            content = record.image.read_bytes()
        except OSError as error:
            self.problems.append(
                Problem(picture, "", "picture_missing", f"{record.image} cannot be read: {error.strerror or error}")
            )
            return None
        try:
            key = digest(predictor.key(picture), content)
            if self.cache.prediction(key) is None:
                image = decode(content).pixels
                self.cache.store_prediction(key, predictor.predict(picture, image))
        except TressError as error:
            blamed = "" if error.code.startswith(("picture_", "file_", "not_a_")) else model
            self.problems.append(Problem(picture, blamed, error.code, str(error)))
            return None
        self.keys[model, picture] = key
        alpha = record.alpha.read_bytes() if record.alpha is not None and record.alpha.is_file() else b""
        grade = f"{record.edge} {record.ignore_px} {record.kind}"
        colours = str(predictor.cleans_colours)
        score_key = digest(key, alpha, grade, colours, " ".join(self.metrics), code_digest(*_CODE))
        return _Job(record, picture, self.cache, key, score_key, self.metrics, predictor.cleans_colours)

    def _scored(self, jobs: list[_Job]) -> Any:
        if self.threads == 1 or len(jobs) < 2 * self.threads:
            for job in jobs:
                yield job, score_job(job)
            return
        # Spawned, not forked: the parent may hold the threads of a network.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.threads, mp_context=context, initializer=_one_thread) as pool:
            yield from zip(jobs, pool.map(score_job, jobs, chunksize=4), strict=True)

    def prediction_of(self, model: str, picture: str) -> Any:
        """The cached prediction for a scored picture."""
        return self.cache.prediction(self.keys[model, picture])

    def unique_problems(self) -> list[Problem]:
        """Problems with the data once, although every model runs into them."""
        return list({json.dumps(asdict(problem)): problem for problem in self.problems}.values())


def _one_thread() -> None:
    import cv2

    cv2.setNumThreads(1)


def score_job(job: _Job) -> dict[str, Any] | Problem:
    """Scores one prediction, or takes the scores from the cache."""
    prediction = job.cache.prediction(job.prediction_key)
    if prediction is None:
        return Problem(job.name, "", "cache_damaged", f"the cached prediction for {job.name} cannot be read")
    scores = job.cache.scores(job.score_key)
    if scores is None:
        try:
            truth = read_truth(job.record)
            scores = {
                "width_px": truth.image.shape[1],
                "height_px": truth.image.shape[0],
                "slices": slices_of(job.record, truth),
                "values": score(prediction, truth, select(list(job.metrics)), cleans_colours=job.cleans_colours),
            }
        except LeftOut as reason:
            return Problem(job.name, "", reason.code, str(reason), expected=True)
        except TressError as error:
            return Problem(job.name, "", error.code, str(error))
        job.cache.store_scores(job.score_key, scores)
    record = job.record
    return row(job.name, scores, prediction, set=record.set, kind=record.kind, edge=record.edge)
