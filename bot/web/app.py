"""The pages members open: a door to the demo groups, a group to talk in, and the pictures sent there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bot.settings import Settings
from bot.web.paper import Paper
from storage import groups, members, referral_links
from storage.database import Database
from storage.groups import Group

STATIC = Path(__file__).parent / "static"
CHANNEL = "web"
VIA = re.compile(r"[2-9A-HJ-NP-Z]{8}")  # a referral link's code
# How a server should treat the sockets of these pages: small frames, few of them waiting, no memory for compression.
SOCKETS = {"ws_max_size": 128 * 1024, "ws_max_queue": 16, "ws_per_message_deflate": False}
PICTURE_HEADERS = {
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin",
}


class Door(Protocol):
    """What these pages need of the web channel."""

    async def attend(self, socket: WebSocket) -> None:
        """Attend one socket of a group."""

    async def take_picture(self, request: Request) -> Response:
        """Take an uploaded picture."""

    def find_picture(self, name: str) -> Path | None:
        """The file of a picture's name."""


class Assets(StaticFiles):
    """Our own styles and scripts; browsers ask each time whether they are still the same."""

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Pages:
    """The endpoints, with what they need."""

    def __init__(self, settings: Settings, database: Database, door: Door) -> None:
        self._settings, self._database, self._door = settings, database, door
        self._paper = Paper(settings)

    async def home(self, request: Request) -> Response:
        """The groups to try, while the demo shop is here; else the shop's name."""
        known = await run_in_threadpool(self._open_groups) if self._settings.demo else []
        return self._paper.page(request, "home.html", {"groups": known})

    async def group(self, request: Request) -> Response:
        """A group to join and to talk in."""
        code, by, via = request.path_params["code"], request.query_params.get("by", "")[:60], request.query_params.get("via", "")
        via = via if VIA.fullmatch(via) else ""
        found = await run_in_threadpool(self._find, code, by, via)
        if found is None:
            return self._paper.page(request, "unknown.html", {}, status=404)
        group, count, inviter = found
        return self._paper.page(
            request, "group.html",
            {"group": group, "count": count, "inviter": inviter, "by": by if inviter and not via else "", "via": via},
        )

    async def picture(self, request: Request) -> Response:
        path = self._door.find_picture(request.path_params["name"])
        if path is None:
            return PlainTextResponse("not found", 404)
        return FileResponse(path, headers=PICTURE_HEADERS)

    def _open_groups(self) -> list[tuple[Group, int]]:
        with self._database.read() as session:
            counts = groups.count_members(session)
            found = [
                (group, counts.get(group.id, 0)) for group in groups.find_all(session)
                if group.channel == CHANNEL and group.closed_at is None
            ]
        return sorted(found, key=lambda one: -one[1])

    def _find(self, code: str, by: str, via: str) -> tuple[Group, int, str | None] | None:
        with self._database.read() as session:
            group = groups.find_by_code(session, CHANNEL, code)
            if group is None or group.closed_at is not None:
                return None
            link = referral_links.find_by_code(session, via) if via else None
            if link is not None:
                names = members.find_names(session, [link.member_id])
                return group, groups.count_present(session, group.id), names.get(link.member_id)
            has_been_here = any(row.group_id == group.id for row in groups.find_memberships_of(session, by))
            inviter = members.find_names(session, [by]).get(by) if has_been_here else None
            return group, groups.count_present(session, group.id), inviter


def routes(settings: Settings, database: Database, web_channel: Door) -> list[BaseRoute]:
    """The public addresses: /, /g/<code>, its socket and pictures, and our assets."""
    pages = Pages(settings, database, web_channel)

    async def socket(opened: WebSocket) -> None:
        await web_channel.attend(opened)

    async def upload(request: Request) -> Response:
        return await web_channel.take_picture(request)

    return [
        Route("/", pages.home),
        Route("/g/{code}", pages.group),
        WebSocketRoute("/g/{code}/socket", socket),
        Route("/g/{code}/pictures", upload, methods=["POST"]),
        Route("/pictures/{name}", pages.picture),
        Mount("/assets", GZipMiddleware(Assets(directory=STATIC), minimum_size=500)),
    ]
