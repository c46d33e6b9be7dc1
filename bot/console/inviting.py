"""Codes to join groups by and the welcome said there, on a network that makes both for us."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, runtime_checkable
from urllib.parse import quote

import orjson
from anyio import from_thread
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from bot.console import forms
from bot.console.forms import Form
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from storage import groups, places, wecom
from storage.operators import MANAGER

WAY, WELCOME, WELCOME_NAME = "join_way", "welcome", "shop"
MOST_GROUPS = 300


@runtime_checkable
class Inviting(Protocol):
    """A channel whose network makes codes and welcomes; each call gives what is wrong in plain words, or nothing."""

    async def invite(self, state: str, group_ids: Sequence[str], name: str) -> str: ...

    async def greet(self, text: str, title: str, url: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Way:
    """A code: the state whoever comes by it carries, the address of its picture, the names of its groups."""

    state: str
    picture: str
    groups: Sequence[str]


class WayForm(BaseModel):
    state: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_\-]{1,30}$")]
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=13)] = ""
    groups: Annotated[list[str], Field(min_length=1, max_length=5)] = []


class WelcomeForm(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=900)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^(https?://\S+)?$")] = ""


def show(visit: Visit) -> Response:
    return _page(visit)


def invite(visit: Visit) -> Response:
    channel, form = _channel(visit), forms.read(visit, WayForm)
    wanted = form.data
    if wanted is None:
        return _page(visit, way=form)
    account_id = visit.path("id")
    with visit.read() as session:
        ours = {row.id for row in places.find_of_account(session, account_id, MOST_GROUPS)}
    if not ours.issuperset(wanted.groups):
        raise NotFound
    wrong = _call(lambda: channel.invite(wanted.state, wanted.groups, wanted.name))
    if wrong:
        form.refuse("", wrong)
        return _page(visit, way=form)
    with visit.act("account.invite", f"account:{account_id}", state=wanted.state, groups=wanted.groups):
        return visit.go(_address(account_id), visit.translate("入群码好了。"))


def greet(visit: Visit) -> Response:
    channel, form = _channel(visit), forms.read(visit, WelcomeForm)
    wanted = form.data
    if wanted is None:
        return _page(visit, welcome=form)
    account_id = visit.path("id")
    wrong = _call(lambda: channel.greet(wanted.text, wanted.title, wanted.url))
    if wrong:
        form.refuse("", wrong)
        return _page(visit, welcome=form)
    with visit.act("account.greet", f"account:{account_id}"):
        return visit.go(_address(account_id), visit.translate("欢迎语好了，请群主在群设置里选用。"))


def _page(visit: Visit, *, way: Form[Any] | None = None, welcome: Form[Any] | None = None) -> Response:
    _channel(visit)
    account_id = visit.path("id")
    with visit.read() as session:
        known = places.find_of_account(session, account_id, MOST_GROUPS)
        made = [(row.name, orjson.loads(row.detail)) for row in wecom.find_all_made(session, account_id, WAY)]
        said = wecom.find_made(session, account_id, WELCOME, WELCOME_NAME)
        ids = {f"wecom:{one}" for _, detail in made for one in detail["chat_ids"]}
        group_names = groups.find_names(session, ids)
    ways = [
        Way(state, _safe(detail["qr_code"]), [group_names.get(f"wecom:{one}", one) for one in detail["chat_ids"]])
        for state, detail in made
    ]
    now = orjson.loads(said.detail) if said is not None else {}
    link = now.get("link", {})
    current = forms.blank(
        text=now.get("text", {}).get("content", ""), title=link.get("title", ""), url=link.get("url", "")
    )
    return visit.page(
        "inviting.html", 422 if way or welcome else 200, account_id=account_id, address=_address(account_id), groups=known,
        ways=ways, way=way or forms.blank(groups=[]), welcome=welcome or current, ticked=_ticked(visit),
    )


def _channel(visit: Visit) -> Inviting:
    channel = visit.desk.sender.channels.get(visit.path("id"))
    if not isinstance(channel, Inviting):
        raise NotFound
    return channel


def _call(ask: Callable[[], Coroutine[Any, Any, str]]) -> str:
    """Ask the network, on the loop it is connected in; this thread is one of that loop's."""
    return from_thread.run(ask)


def _address(account_id: str) -> str:
    return f"/console/inviting/{quote(account_id, safe='')}"


def _ticked(visit: Visit) -> set[str]:
    return {str(one) for one in visit.form.getlist("groups")}


def _safe(address: str) -> str:
    """What the network calls the picture's address, when it is one."""
    return address if address.startswith("https://") else ""


PAGES = (
    get("/inviting/{id}", show, MANAGER),
    post("/inviting/{id}/way", invite, MANAGER),
    post("/inviting/{id}/welcome", greet, MANAGER),
)
