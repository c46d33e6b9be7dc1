"""Channels: how each account stands, what it may say and how much of that is used, its groups, and connecting one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.responses import Response

from bot.budgets import ACCOUNT, GROUP, Ledger, Use, limits_of
from bot.channels import setups
from bot.channels.base import Capabilities, Channel, Link, Standing
from bot.console import channel_words as words
from bot.console import names
from bot.console.gaps import find_gaps
from bot.console.inviting import Inviting
from bot.console.pages import get, post
from bot.console.visit import NotFound, Visit
from content import codes
from storage import accounts, groups, outbox, places, sending, wecom
from storage.accounts import Account, AccountSettings
from storage.groups import FOUND, LEFT, SPEAK_CONFIDENT, SPEAK_MENTION, SPEAK_OFF, TAKEN
from storage.operators import ADMIN, MANAGER, VIEWER

LIST, MOST_GROUPS, MOST_COUNT = "/console/channels", 300, 1_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as the page shows it; without a channel it is not connected in this process."""

    row: Account
    channel: Channel | None
    own: AccountSettings
    uses: Sequence[Use] = ()
    taken: int = 0
    found: int = 0
    left: int = 0
    waiting: int = 0
    held: int = 0
    able: Capabilities | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def url(self) -> str:
        return f"{LIST}/{quote(self.row.id, safe='')}"

    @property
    def tightest(self) -> Use | None:
        return max(self.uses, key=lambda use: use.share, default=None)


def overview(visit: Visit) -> Response:
    with visit.read() as session:
        shown = _describe(visit, session, accounts.find_all(session))
        fresh = [one for one in groups.find_all(session) if one.management == FOUND and one.closed_at is None]
    here = {one.row.id for one in shown if one.channel is not None}
    connected = {one.row.id for one in shown if one.standing.link is Link.CONNECTED}
    return visit.page(
        "channels.html", accounts=shown, found=fresh[:MOST_GROUPS], found_count=len(fresh), words=words,
        setups=setups.look(visit.desk.settings), connected=connected, here=here,
    )


def account(visit: Visit) -> Response:
    return _account(visit)


def _account(visit: Visit, *, faults: dict[str, str] | None = None, status: int = 200) -> Response:
    account_id = visit.path("id")
    with visit.read() as session:
        (shown,) = _describe(visit, session, [accounts.get(session, account_id)])
        rows = places.find_of_account(session, account_id, MOST_GROUPS)
        held, put_off = sending.find_held(session, account_id), sending.find_put_off(session, account_id)
        others = [one for one in accounts.find_all(session) if one.channel == shown.row.channel and one.id != account_id]
        asked = wecom.find_asked(session, [row.id for row in held])
        gaps = find_gaps(session, account_id)
        group_names = groups.find_names(session, {row.group_id for row in (*held, *put_off) if row.group_id})
    code = shown.standing.code if visit.may(ADMIN) else ""
    return visit.page(
        "channels_one.html", status, one=shown, groups=rows, is_inviting=isinstance(shown.channel, Inviting), held=held, asked=asked,
        put_off=put_off, others=others, gaps=gaps,
        group_names=group_names, words=words, names=names, qr=codes.draw(code) if code else "", lines=_lines(visit, shown, faults is not None),
        faults=faults or {}, abilities=words.abilities(shown.able) if shown.able else [],
    )


def _describe(visit: Visit, session: Session, rows: Sequence[Account]) -> list[Shown]:
    settings = accounts.find_settings(session)
    managed, waiting = places.count_by_management(session), sending.count_open(session)
    shown = []
    for row in rows:
        channel = visit.desk.sender.channels.get(row.id)
        able = None if channel is None else channel.capabilities
        own = settings[row.id]
        limits = limits_of(() if able is None else able.allowances, own.budgets)
        ledger = Ledger()
        if limits:
            longest = visit.now - timedelta(seconds=max(limit.seconds for limit in limits))
            said = sending.find_said_since(session, row.id, longest)
            ledger.add(((one.sent_no, one.group_id, one.sent_at) for one in said), visit.now)
        shown.append(Shown(
            row, channel, own, ledger.find_uses(limits, visit.now), managed.get((row.id, TAKEN), 0),
            managed.get((row.id, FOUND), 0), managed.get((row.id, LEFT), 0), waiting.get((row.id, outbox.QUEUED), 0),
            waiting.get((row.id, outbox.HELD), 0) + waiting.get((row.id, outbox.UNKNOWN), 0), able,
            Standing() if channel is None else channel.standing,
        ))
    return shown


@dataclass(frozen=True, slots=True)
class Line:
    """A budget in the form: its field, whose and how long, what is written there, and the channel's own number."""

    name: str
    whose: str
    span: str
    seconds: int
    written: str
    usual: int | None


def _lines(visit: Visit, shown: Shown, is_written: bool) -> list[Line]:
    usual = {(one.whose, one.seconds): one.count for one in (shown.able.allowances if shown.able else ())}
    standard = {(whose, seconds) for whose in (ACCOUNT, GROUP) for seconds in (words.HOUR, words.DAY, words.MONTH)}
    lines = []
    for whose, seconds in sorted(usual.keys() | shown.own.budgets.keys() | standard):
        name = f"{whose}-{seconds}"
        own = shown.own.budgets.get((whose, seconds))
        written = str(visit.form.get(name, ""))[:12] if is_written else "" if own is None else str(own)
        span = words.SPANS.get(seconds, "")
        lines.append(Line(name, words.WHOSE.get(whose, whose), span, seconds, written, usual.get((whose, seconds))))
    return lines


def pause(visit: Visit) -> Response:
    account_id, is_paused = visit.path("id"), visit.form.get("paused") == "1"
    with visit.act("account.pause" if is_paused else "account.resume", f"account:{account_id}") as session:
        accounts.pause(session, account_id, is_paused, visit.now)
        if not is_paused:
            sending.wake_put_off(session, visit.now, account_id=account_id)
    done = visit.translate("已暂停，这个账号什么也不说。") if is_paused else visit.translate("已恢复。")
    return visit.go(visit.back(LIST), done)


def save_budgets(visit: Visit) -> Response:
    account_id = visit.path("id")
    counts: dict[tuple[str, int], int] = {}
    faults: dict[str, str] = {}
    for name, value in visit.form.items():
        whose, _, seconds = name.partition("-")
        if whose not in words.WHOSE or not seconds.isascii() or not seconds.isdecimal() or not str(value).strip():
            continue
        written = str(value).strip()
        if not 1 <= int(seconds[:9]) <= 366 * words.DAY:
            raise NotFound
        if not (written.isascii() and written.isdecimal()) or len(written) > 7 or int(written) > MOST_COUNT:
            faults[name] = visit.translate("请填 0 到 1000000 的整数，或者空着。")
        else:
            counts[whose, int(seconds)] = int(written)
    if faults:
        return _account(visit, faults=faults, status=422)
    told = {f"{whose}-{seconds}": count for (whose, seconds), count in counts.items()}
    with visit.act("account.budgets", f"account:{account_id}", **told) as session:
        accounts.get(session, account_id)
        accounts.set_budgets(session, account_id, counts)
        sending.wake_put_off(session, visit.now, account_id=account_id)
    return visit.go(visit.back(LIST), visit.translate("已保存。"))


def manage(visit: Visit) -> Response:
    """Take the ticked groups under management, or leave them alone."""
    chosen, wanted = _ticked(visit), str(visit.form.get("do", ""))
    speaks = {"confident": SPEAK_CONFIDENT, "mention": SPEAK_MENTION, "leave": SPEAK_OFF}.get(wanted)
    if speaks is None or not chosen:
        return visit.go(visit.back(LIST), visit.translate("先勾选群。"), is_bad=True)
    management = LEFT if wanted == "leave" else TAKEN
    with visit.act(f"group.{'leave_alone' if management == LEFT else 'take'}", "groups", groups=chosen, speaks=speaks) as session:
        count = places.set_management(session, chosen, management, speaks)
    if management == LEFT:
        return visit.go(visit.back(LIST), visit.translate("%(count)s 个群不去打扰，只听不说。", count=count))
    return visit.go(visit.back(LIST), visit.translate("%(count)s 个群由我们管了。", count=count))


def move(visit: Visit) -> Response:
    """Bind the ticked groups to another account of the same channel: an operator's decision, told to the audit log."""
    chosen, wanted = _ticked(visit), str(visit.form.get("to", ""))[:40]
    if not chosen or visit.form.get("sure") != "true":
        return visit.go(visit.back(LIST), visit.translate("先勾选群，并勾上“确定”。"), is_bad=True)
    with visit.act("group.move", f"account:{wanted}", groups=chosen) as session:
        target = accounts.get(session, wanted)
        if any(group.channel != target.channel for group in places.find_groups(session, chosen)):
            raise NotFound
        count = places.move(session, chosen, target.id)
    return visit.go(visit.back(LIST), visit.translate("%(count)s 个群换了账号。", count=count))


def pause_group(visit: Visit) -> Response:
    group_id, is_paused = visit.path("id"), visit.form.get("paused") == "1"
    with visit.act("group.pause" if is_paused else "group.resume", f"group:{group_id}") as session:
        groups.get(session, group_id).is_paused = is_paused
        if not is_paused:
            sending.wake_put_off(session, visit.now, group_id=group_id)
    return visit.go(visit.back(LIST), visit.translate("已保存。"))


def _ticked(visit: Visit) -> list[str]:
    return [one[:120] for one in visit.form.getlist("group") if isinstance(one, str)][:MOST_GROUPS]


PAGES = (
    get("/channels", overview, VIEWER),
    post("/channels/groups/manage", manage, MANAGER),
    post("/channels/groups/move", move, MANAGER),
    post("/channels/groups/{id:path}/pause", pause_group, MANAGER),
    get("/channels/{id}", account, VIEWER),
    post("/channels/{id}/pause", pause, MANAGER),
    post("/channels/{id}/budgets", save_budgets, MANAGER),
)
