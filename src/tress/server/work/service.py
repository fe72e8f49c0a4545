"""From a request to an answer: admission, queue, worker threads, deadline, and clients that go away."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tress.errors import BusyError, InputError
from tress.server.admission.clients import client_of
from tress.server.admission.gate import Gate
from tress.server.admission.held import held_by
from tress.server.admission.keys import Caller
from tress.server.admission.origins import Neighbours
from tress.server.admission.rates import RateLimiter
from tress.server.admission.standing import Standing
from tress.server.admission.turns import Turns
from tress.server.config import ServerConfig, is_loopback
from tress.server.reading.addresses import AddressGuard
from tress.server.reading.body import Body, check_length, check_query, read_body
from tress.server.reading.encoded import is_data_url, read_data_url
from tress.server.reading.fetch import Fetcher
from tress.server.reporting.problems import Refused
from tress.server.reporting.telemetry import Telemetry
from tress.server.reporting.trace import Trace, trace_of
from tress.server.work.decoders import Decoders, PictureReader
from tress.server.work.job import Cutter, Made, Order, Stopped, make
from tress.server.work.measure import Demand, measure

ReadOrder: TypeAlias = Callable[[Request, Body], Awaitable[Order]]
Answer: TypeAlias = Callable[[Request, Made], Response]
_T = TypeVar("_T")
_Work: TypeAlias = "asyncio.Task[tuple[Made, contextlib.ExitStack]]"
_GONE = 499
# Of the places, that one of several keys can have at most: the others are not shut out by it.
_KEY_SHARE = 0.5
# For work to notice that nobody waits any more: it looks between its stages.
_GRACE_S = 3.0


class Service:
    """One process's share of the service.

    Args:
        config: its settings.
        load: loads the network; called once, in a thread, when the service starts.
        limiter: shared by all worker processes.
        telemetry: where numbers go.
        decoders: read the pictures; by default processes of its own.

    Attributes:
        abandoned: the service has finished although a thread still works and cannot be stopped.
    """

    def __init__(
        self,
        config: ServerConfig,
        load: Callable[[], Cutter],
        limiter: RateLimiter,
        telemetry: Telemetry,
        decoders: Decoders | None = None,
    ) -> None:
        self.config = config
        self.telemetry = telemetry
        self.fetcher = Fetcher(AddressGuard(config.fetch_networks), config.max_upload_bytes, config.fetch_timeout_s)
        share = _KEY_SHARE if len(config.keys.entries) > 1 else 1.0
        self.gate = Gate(config.threads, config.queue_size, config.megapixels_in_flight, share)
        self.cutter: Cutter | None = None
        self.abandoned = False
        self._owns_decoders = decoders is None
        self._decoders = decoders or Decoders(config.threads)
        alone = not config.keys and not config.open_to_all and is_loopback(config.host)
        self._neighbours = Neighbours(config.host, config.public_url, config.allowed_origins) if alone else None
        self._load = load
        self._limiter = limiter
        self._pool = ThreadPoolExecutor(config.threads, thread_name_prefix="tress-work")
        # Threads of their own: whatever else waits for a thread must not hold up uploads.
        self._headers = ThreadPoolExecutor(config.threads, thread_name_prefix="tress-header")
        self._standing = Standing()
        self._turns = Turns(config.threads, self._standing.is_poor)
        self._works: set[_Work] = set()
        # When the requests end that threads work on.
        self._working: list[float] = []
        self._last_end = 0.0

    async def start(self) -> None:
        """Loads the network and starts the decoders.

        Raises:
            ModelError: one of them cannot be had.
        """
        loop = asyncio.get_running_loop()
        warm = loop.run_in_executor(self._headers, self._decoders.start)
        self.cutter, _ = await asyncio.gather(loop.run_in_executor(self._pool, self._load), warm)

    async def finish(self) -> None:
        """Waits for the work that is still running, until the last deadline and a little longer; lets the threads go.

        A thread cannot be stopped from outside: where one goes on, ``abandoned`` is set, and the process has to be
        ended without waiting for it.
        """
        if self._works:
            left = max(0.0, self._last_end - time.monotonic()) + _GRACE_S
            _, late = await asyncio.wait(self._works, timeout=left)
            self.abandoned = bool(late)
        self._pool.shutdown(wait=not self.abandoned, cancel_futures=True)
        self._headers.shutdown(wait=False, cancel_futures=True)
        if self._owns_decoders:
            self._decoders.close()
        self.cutter = None

    async def is_stuck(self) -> bool:
        """Whether no picture is worked on any more: every thread is past its deadline, or no decoder can be started."""
        if self._decoders.stuck:
            # Nobody else tries while no request comes.
            await asyncio.get_running_loop().run_in_executor(self._headers, self._decoders.mend)
        now = time.monotonic()
        return self._decoders.stuck or sum(ends < now for ends in self._working) >= self.config.threads

    def admit(self, request: Request) -> Caller:
        """Who sends this request, if they may.  Costs no more than looking at headers.

        Raises:
            InputError: wrong key, a page of somebody else's, or too many requests.
        """
        trace = trace_of(request.scope)
        if self._neighbours is not None:
            self._neighbours.check(request.headers)
        caller = self._caller(request)
        trace.caller = caller.name
        allowance = self._limiter.take(caller, _address_of(request))
        if allowance:
            trace.headers.update(allowance.headers())
            if not allowance.allowed:
                raise Refused(
                    "rate_limited",
                    f"more than {allowance.limit} requests within a minute",
                    hint="wait as long as Retry-After says",
                )
        return caller

    async def handle(self, request: Request, read_order: ReadOrder, answer: Answer) -> Response:
        """Serves a request that wants a picture worked on.

        Args:
            request: its body has not been read yet.
            read_order: makes the order out of the request and its body.
            answer: makes the response out of the result.

        Raises:
            TressError: whatever is wrong.
        """
        trace = trace_of(request.scope)
        caller = self.admit(request)
        client = caller.name or client_of(_address_of(request))
        check_length(request.headers, self.config.max_upload_bytes)
        ends = self._last_end = time.monotonic() + self.config.deadline_s
        stop = threading.Event()
        with contextlib.ExitStack() as held:
            held.callback(self._note_load)
            held.enter_context(self.gate.enter(caller.name))
            self._note_load()
            try:
                order = await self._within(ends, self._read(request, read_order, trace))
                reader = PictureReader(self._decoders, self.config.max_megapixels, ends)
                held.callback(lambda: self._standing.note(client, refused=reader.refused))
                demand = await self._within(ends, self._measure(order, reader))
            except ClientDisconnect:
                return Response(status_code=_GONE)
            # From here on the place belongs to the work: it is given back when the thread is done, if the client does
            # not wait any more, or else when the answer has been sent.
            work = asyncio.create_task(self._work(client, order, demand, reader, ends, stop, trace, held.pop_all()))
        self._works.add(work)
        work.add_done_callback(self._works.discard)
        gone = asyncio.create_task(_disconnected(request))
        unwanted = True
        try:
            await asyncio.wait({work, gone}, timeout=ends - time.monotonic(), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                unwanted = False
                made, kept = work.result()
                held_by(request.scope).enter_context(kept)
                return answer(request, made)
            stop.set()
            if "wait" not in trace.seconds:
                work.cancel()
            if gone.done():
                return Response(status_code=_GONE)
            raise self._too_late()
        finally:
            gone.cancel()
            if unwanted:
                work.add_done_callback(_let_go)

    async def fetch(self, url: str) -> bytes:
        """A picture behind a URL, or inside a ``data:`` one.

        Raises:
            InputError: it cannot be had, or URLs are switched off.
        """
        if is_data_url(url):
            return await read_data_url(url)
        if not self.config.fetch_urls:
            raise InputError("url_off", "this server does not fetch URLs", hint="send the picture itself")
        return await self.fetcher.get(url)

    def _caller(self, request: Request) -> Caller:
        keys = self.config.keys
        if not keys:
            return Caller("")
        presented = request.headers.get("x-api-key", "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not presented and scheme.lower() == "bearer":
            presented = token.strip()
        if not presented:
            raise Refused("api_key_missing", "the request has no API key", hint="send it in the header X-API-Key")
        caller = keys.identify(presented)
        if caller is None:
            raise Refused("api_key_wrong", "the API key is not known", hint="check the header X-API-Key")
        return caller

    async def _read(self, request: Request, read_order: ReadOrder, trace: Trace) -> Order:
        started = time.perf_counter()
        check_query(request)
        body = Body() if request.method == "GET" else await read_body(request, self.config.max_upload_bytes)
        trace.facts["bytes_in"] = body.size_bytes
        try:
            return await read_order(request, body)
        finally:
            trace.seconds["receive"] = time.perf_counter() - started

    async def _measure(self, order: Order, reader: PictureReader) -> Demand:
        """Pixels that the order needs, from headers and options: refused before decoding if they are too many."""
        return await asyncio.get_running_loop().run_in_executor(
            self._headers, measure, order, self.config.max_megapixels, reader.read_size
        )

    async def _work(
        self,
        client: str,
        order: Order,
        demand: Demand,
        reader: PictureReader,
        ends: float,
        stop: threading.Event,
        trace: Trace,
        held: contextlib.ExitStack,
    ) -> tuple[Made, contextlib.ExitStack]:
        """The result, and what it holds until it has been sent."""
        with held:
            started = time.perf_counter()
            async with contextlib.AsyncExitStack() as thread:
                with self.gate.wait():
                    self._note_load()
                    await thread.enter_async_context(self._turns.take(client))
                    held.enter_context(await self.gate.hold(demand.megapixels))
                trace.seconds["wait"] = time.perf_counter() - started
                trace.facts["megapixels"] = round(demand.photo_px / 1e6, 2)
                if stop.is_set() or self.cutter is None:
                    raise Stopped
                self._note_load()
                self._working.append(ends)
                try:
                    made = await asyncio.get_running_loop().run_in_executor(
                        self._pool, make, self.cutter, order, reader.decode, stop, trace.seconds
                    )
                finally:
                    self._working.remove(ends)
                trace.facts["bytes_out"] = len(made.data)
                return made, held.pop_all()

    async def _within(self, ends: float, work: Awaitable[_T]) -> _T:
        try:
            return await asyncio.wait_for(work, max(0.0, ends - time.monotonic()))
        except asyncio.TimeoutError:
            raise self._too_late() from None

    def _too_late(self) -> BusyError:
        return BusyError(
            "deadline_exceeded",
            f"the request was not finished within {self.config.deadline_s:g} s",
            hint="try again, or send a smaller picture",
        )

    def _note_load(self) -> None:
        self.telemetry.load(self.gate.accepted, self.gate.queued, self.gate.megapixels_used)


def _address_of(request: Request) -> str:
    """Where a request comes from; empty if that is not known."""
    return request.client.host if request.client else ""


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _let_go(work: _Work) -> None:
    """Nobody waits for the result any more."""
    # Asking for the exception keeps asyncio from complaining.
    if not work.cancelled() and work.exception() is None:
        work.result()[1].close()
