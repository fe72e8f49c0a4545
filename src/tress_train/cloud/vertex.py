"""Jobs of Vertex AI: submitted, listed, followed and cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import aiplatform_v1 as vertex

from tress.errors import InputError, TressError

FILTER = "labels.tool=tress-train"
_STATES = vertex.JobState
_ENDED = (
    _STATES.JOB_STATE_SUCCEEDED,
    _STATES.JOB_STATE_FAILED,
    _STATES.JOB_STATE_CANCELLED,
    _STATES.JOB_STATE_EXPIRED,
    _STATES.JOB_STATE_PARTIALLY_SUCCEEDED,
)


class CloudError(TressError):
    """Vertex AI does not do what it was asked for."""


def connect(region: str) -> vertex.JobServiceClient:
    """A client for a region, with the user's own credentials.

    Raises:
        CloudError: there are no credentials.
    """
    with _reporting():
        return vertex.JobServiceClient(
            transport="rest", client_options={"api_endpoint": f"{region}-aiplatform.googleapis.com"}
        )


class Jobs:
    """The training jobs of a project in a region."""

    def __init__(self, project: str, region: str, client: vertex.JobServiceClient | None = None) -> None:
        self.parent, self.region = f"projects/{project}/locations/{region}", region
        self.client = client or connect(region)

    def submit(self, job: vertex.CustomJob) -> vertex.CustomJob:
        """Starts a job."""
        with _reporting():
            return self.client.create_custom_job(parent=self.parent, custom_job=job)

    def all(self) -> list[vertex.CustomJob]:
        """Every job that this command has started, the newest first."""
        with _reporting():
            found = list(self.client.list_custom_jobs(request={"parent": self.parent, "filter": FILTER}))
        return sorted(found, key=lambda job: str(job.create_time), reverse=True)

    def get(self, number: str) -> vertex.CustomJob:
        """A job by its number, or by its whole name.

        Raises:
            InputError: there is none.
        """
        with _reporting():
            return self.client.get_custom_job(name=self._name(number))

    def cancel(self, number: str) -> None:
        """Asks for a job to end; what it has saved stays."""
        with _reporting():
            self.client.cancel_custom_job(name=self._name(number))

    def follow(
        self, number: str, *, every_s: float = 20.0, sleep: Callable[[float], None] = time.sleep
    ) -> Iterator[vertex.CustomJob]:
        """The job each time its state has changed, until it has ended."""
        state = None
        while True:
            job = self.get(number)
            if job.state != state:
                state = job.state
                yield job
            if has_ended(job):
                return
            sleep(every_s)

    def _name(self, number: str) -> str:
        return number if "/" in number else f"{self.parent}/customJobs/{number}"


def number_of(job: vertex.CustomJob) -> str:
    """The last part of a job's name."""
    return str(job.name.rpartition("/")[2])


def has_ended(job: vertex.CustomJob) -> bool:
    """Whether a job has come to its end, whatever that was."""
    return job.state in _ENDED


def state_of(job: vertex.CustomJob) -> str:
    """A job's state in one word, with what went wrong."""
    word = _STATES(job.state).name.removeprefix("JOB_STATE_").lower()
    return f"{word}: {job.error.message}" if job.error.message else word


@contextmanager
def _reporting() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise InputError(
            "job_missing", f"there is no such job: {error.message}", hint="see `tress-train jobs`"
        ) from error
    except GoogleAuthError as error:
        raise CloudError(
            "cloud_no_credentials",
            f"no credentials for Google Cloud: {error}",
            hint="gcloud auth application-default login",
        ) from error
    except GoogleAPIError as error:
        raise CloudError(
            "cloud_refused",
            f"Vertex AI refuses: {getattr(error, 'message', error)}",
            hint="look at project, region, quota of the accelerator and roles, see docs/cloud.md",
        ) from error
