"""Is the process alive, can it do its work, and how much of it: /healthz, /readyz and /metrics."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.dispatch import Dispatcher
from bot.sender import Sender
from bot.settings import Settings
from bot.tally import BOUNDS_MS
from storage import migrate, outbox
from storage.database import Database

NO_STORE = {"Cache-Control": "no-store"}
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is looked at."""

    settings: Settings
    database: Database
    dispatcher: Dispatcher
    sender: Sender
    sockets: Callable[[], int]


def routes(vitals: Vitals) -> list[BaseRoute]:
    registry = CollectorRegistry()
    registry.register(Numbers(vitals))
    known = version("tuanzhang")

    async def alive(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "service": "tuanzhang", "version": known}, headers=NO_STORE)

    async def ready(_request: Request) -> Response:
        troubles = await run_in_threadpool(find_troubles, vitals)
        status = "unready" if troubles else "ready"
        return JSONResponse(
            {"status": status, "troubles": troubles}, 503 if troubles else 200, headers=NO_STORE
        )

    async def metrics(request: Request) -> Response:
        if not may_see_metrics(request, vitals.settings.metrics_token.get_secret_value()):
            return PlainTextResponse("not for you\n", 403)
        told = await run_in_threadpool(generate_latest, registry)
        return Response(told, media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", metrics)]


def may_see_metrics(request: Request, token: str) -> bool:
    """With the token from anywhere; without it from this machine, unless somebody stands between."""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def find_troubles(vitals: Vitals) -> list[str]:
    """Why the work cannot be done now; empty when it can."""
    try:
        with vitals.database.reader.connect() as connection:
            is_current = migrate.revision(connection) == migrate.newest_revision()
    except Exception as error:
        return [f"database: {type(error).__name__}"]
    troubles = [] if is_current else ["database: not at the newest schema"]
    dead = [lane.thread.name for lane in vitals.dispatcher.lanes if not lane.thread.is_alive()]
    if dead:
        troubles.append(f"lanes: {', '.join(dead)} ended")
    if not vitals.sender.is_running:
        troubles.append("sender: ended")
    if vitals.dispatcher.tally.trouble is not None and not _can_write(vitals):
        troubles.append(f"events cannot be kept: {vitals.dispatcher.tally.trouble}")
    return troubles


def _can_write(vitals: Vitals) -> bool:
    """Try it, so that readiness comes back by itself once there is room again."""
    if vitals.database.has_room():
        vitals.dispatcher.tally.recover()
        return True
    return False


class Numbers(Collector):
    """The metrics, read when they are asked for."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        dispatcher, sender = self._vitals.dispatcher, self._vitals.sender
        yield CounterMetricFamily("tuan_events_kept", "events kept since the start", dispatcher.events_kept)
        yield CounterMetricFamily("tuan_batches", "transactions of the lanes", dispatcher.batches)
        yield CounterMetricFamily("tuan_events_not_kept", "events refused", dispatcher.tally.not_kept)
        yield CounterMetricFamily("tuan_sent", "messages said since the start", sender.sent)
        lanes = GaugeMetricFamily("tuan_lane_waiting", "events waiting on a lane", labels=["lane"])
        for number, lane in enumerate(dispatcher.lanes):
            lanes.add_metric([str(number)], lane.waiting.qsize())
        yield lanes
        yield GaugeMetricFamily("tuan_sockets", "open sockets of the web channel", self._vitals.sockets())
        yield from self._of_events()
        yield self._of_outbox()

    def _of_events(self) -> Iterator[Metric]:
        tally = self._vitals.dispatcher.tally
        outcomes = CounterMetricFamily(
            "tuan_interactions", "events by outcome since the start", labels=["outcome"]
        )
        for outcome, number in sorted(tally.outcomes.items()):
            outcomes.add_metric([outcome], number)
        yield outcomes
        latency = HistogramMetricFamily("tuan_event_seconds", "from receipt to commit")
        buckets, so_far = [], 0
        for bound, number in zip((*BOUNDS_MS, None), tally.latencies, strict=True):
            so_far += number
            buckets.append(("+Inf" if bound is None else str(bound / 1000), so_far))
        latency.add_metric([], buckets, tally.latency_sum_ms / 1000)
        yield latency

    def _of_outbox(self) -> Metric:
        states = GaugeMetricFamily("tuan_outbox", "rows of the outbox that are not sent", labels=["state"])
        with self._vitals.database.read() as session:
            for state, number in sorted(outbox.count_by_state(session).items()):
                states.add_metric([state], number)
        return states
