"""Takes a picture a member uploads before saying it."""

from __future__ import annotations

import asyncio

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from bot.channels.pictures import MAX_BYTES, NoRoom, kind_of
from bot.channels.web.lobby import Lobby
from bot.channels.web.origin import is_allowed
from bot.channels.web.tokens import CHANNEL
from storage import groups

FIELD = "picture"
FORM_BYTES = 4_096  # of a multipart body around the picture itself


class Refused(Exception):
    """Why a picture is not taken: an HTTP status, a code and words for developers."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


async def take_picture(lobby: Lobby, request: Request) -> JSONResponse:
    """Check who uploads and what; gives the picture's address to be said."""
    try:
        member_id = await _member(lobby, request)
        _check_length(request)
        wait = lobby.uploads.take(member_id)
        if wait:
            raise Refused(429, "rate_limited", "too many pictures", wait)
        data = await _read(request)
        kind = kind_of(data)
        if kind is None:
            raise Refused(415, "bad_picture", "a picture is PNG, JPEG, WebP or GIF")
        url = await asyncio.to_thread(lobby.pictures.keep, data, kind)
    except NoRoom:
        return _told(Refused(507, "no_space", "no room for pictures at present"))
    except Refused as refused:
        return _told(refused)
    return JSONResponse({"url": url}, 201)


def _told(refused: Refused) -> JSONResponse:
    headers = {} if refused.retry_after is None else {"Retry-After": str(int(refused.retry_after) + 1)}
    return JSONResponse({"error": {"code": refused.code, "message": refused.message}}, refused.status, headers)


async def _member(lobby: Lobby, request: Request) -> str:
    if not is_allowed(request.headers, lobby.settings):
        raise Refused(403, "bad_origin", "this page may not upload here")
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    member_id = lobby.tokens.find(token.strip()) if kind.lower() == "bearer" else None
    if member_id is None:
        raise Refused(401, "bad_token", "send the token of the welcome frame as Authorization: Bearer")
    found, code = member_id, request.path_params["code"]
    group = await lobby.look(lambda session: groups.find_by_code(session, CHANNEL, code))
    if group is None or group.closed_at is not None:
        raise Refused(404, "unknown_group", "there is no such group")
    if await lobby.look(lambda session: groups.find_membership(session, group.id, found)) is None:
        raise Refused(403, "not_a_member", "only members of the group send pictures to it")
    return found


def _check_length(request: Request) -> None:
    """Before anything is read: the body's length must be told, and it must be small."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Refused(411, "length_required", "tell the length of the body")
    if int(length) > MAX_BYTES + FORM_BYTES:
        raise Refused(413, "too_large", f"a picture has at most {MAX_BYTES} bytes")


async def _read(request: Request) -> bytes:
    try:
        form: FormData = await request.form(max_files=1, max_fields=2, max_part_size=FORM_BYTES)
    except (HTTPException, ClientDisconnect):
        raise Refused(400, "bad_form", "the body is not multipart/form-data with one file") from None
    try:
        part = form.get(FIELD)
        if not isinstance(part, UploadFile):
            raise Refused(400, "bad_form", f"the field «{FIELD}» with a file is missing")
        data = await part.read()
    finally:
        await form.close()
    if len(data) > MAX_BYTES:
        raise Refused(413, "too_large", f"a picture has at most {MAX_BYTES} bytes")
    return data
