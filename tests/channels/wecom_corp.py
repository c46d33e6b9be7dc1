"""A corp at WeCom as its documents describe it: groups, group sends, 微信客服, staff; the rules it enforces."""

from __future__ import annotations

import itertools
import re
import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
LETTERS = string.ascii_letters + string.digits
HOURS_48 = 48 * 3600


def error(code: int, message: str) -> Json:
    return {"errcode": code, "errmsg": f"{message}, hint: [1700000000_1], more info at the error tool"}


def fine(**more: Any) -> Json:
    return {"errcode": 0, "errmsg": "ok", **more}


@dataclass
class Somebody:
    """A member of a group. `state_from`: when the state shows; `seen_from`: when the list shows them at all."""

    user_id: str
    name: str
    kind: int = 2
    joined: int = 0
    scene: int = 1
    inviter: str = ""
    state: str = ""
    state_from: float = 0.0
    seen_from: float = 0.0


@dataclass
class Group:
    chat_id: str
    name: str
    owner: str
    notice: str = ""
    people: dict[str, Somebody] = field(default_factory=dict)
    received: list[tuple[str, str]] = field(default_factory=list)  # (day, words)


@dataclass
class Task:
    msgid: str
    sender: str
    text: str
    body: Json
    status: dict[str, int]
    made: int
    reminders: int = 0
    is_stopped: bool = False


class Corp:
    """The state. `day` can be turned by a test to move to the next."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.tasks: dict[str, Task] = {}
        self.ways: dict[str, Json] = {}
        self.welcomes: dict[str, Json] = {}
        self.staff = {"zhoujie": "周姐", "aming": "阿明"}
        self.told: list[Json] = []
        self.cards: dict[str, Json] = {}
        self.kf_messages: list[Json] = []
        self.kf_token = "ENC" + secrets.token_hex(16)
        self.kf_said: list[Json] = []
        self.kf_seen: set[str] = set()
        self.kf_window: dict[tuple[str, str], tuple[float, int]] = {}
        self.kf_held: set[str] = set()  # customers a member of staff talks with
        self.media: dict[str, bytes] = {}
        self.day = "1"
        self.page = 1000
        self._numbers = itertools.count(1)

    # What people do.

    def group(self, name: str, owner: str = "zhoujie") -> Group:
        made = Group(f"wr{name_of(name)}{next(self._numbers):04d}", name, owner)
        made.people[owner] = Somebody(owner, self.staff[owner], 1, int(time.time()) - 9_000)
        self.groups[made.chat_id] = made
        return made

    def join(self, group: Group, name: str, **more: Any) -> Somebody:
        somebody = Somebody(f"wm{name_of(name)}{next(self._numbers):04d}", name, joined=int(time.time()))
        for what, value in more.items():
            setattr(somebody, what, value)
        group.people[somebody.user_id] = somebody
        return somebody

    def write(self, open_kfid: str, user: str, words: str = "", msgtype: str = "text", **body: Any) -> str:
        """A customer writes to 微信客服."""
        msgid = f"kfmsg{next(self._numbers):06d}"
        content = {"content": words} | body if msgtype == "text" else body
        self.kf_messages.append({
            "msgid": msgid, "open_kfid": open_kfid, "external_userid": user, "send_time": int(time.time()),
            "origin": 3, "msgtype": msgtype, msgtype: content,
        })  # fmt: skip
        self.kf_window[(open_kfid, user)] = (time.time(), 0)
        return msgid

    def fail(self, open_kfid: str, user: str, msgid: str, kind: int) -> None:
        event = {
            "event_type": "msg_send_fail", "open_kfid": open_kfid, "external_userid": user, "fail_msgid": msgid,
            "fail_type": kind,
        }  # fmt: skip
        self.kf_messages.append({
            "msgid": f"kfevent{next(self._numbers)}", "send_time": int(time.time()), "origin": 4, "msgtype": "event",
            "event": event,
        })  # fmt: skip

    def confirm(self, task: Task) -> None:
        """The staff member presses send: a group that had its message today gets no other."""
        for chat_id in task.status:
            group = self.groups[chat_id]
            is_full = any(day == self.day for day, _ in group.received)
            task.status[chat_id] = 3 if is_full else 1
            if not is_full:
                group.received.append((self.day, task.text))

    # The API, by path.

    def answer(self, path: str, body: Json) -> Json:
        handle: Callable[[Json], Json] | None = getattr(self, "api_" + re.sub(r"[/.]", "_", path), None)
        return handle(body) if handle is not None else error(404, f"no such api {path}")

    def api_externalcontact_groupchat_list(self, body: Json) -> Json:
        limit = body.get("limit", 0)
        if not isinstance(limit, int) or not 1 <= limit <= 1000:
            return error(40058, "invalid limit")
        ids, start = sorted(self.groups), int(body.get("cursor") or 0)
        page = ids[start : start + min(limit, self.page)]
        more = {"next_cursor": str(start + len(page))} if start + len(page) < len(ids) else {"next_cursor": ""}
        return fine(group_chat_list=[{"chat_id": one, "status": 0} for one in page], **more)

    def api_externalcontact_groupchat_get(self, body: Json) -> Json:
        group, now = self.groups.get(body.get("chat_id", "")), time.time()
        if group is None:
            return error(49008, "group chat is dismissed")
        people = []
        for one in group.people.values():
            if now < one.seen_from:
                continue
            row: Json = {"userid": one.user_id, "type": one.kind, "join_time": one.joined, "join_scene": one.scene}
            if body.get("need_name") == 1:
                row["name"] = one.name
            if one.inviter:
                row["invitor"] = {"userid": one.inviter}
            if one.state and now >= one.state_from:
                row["state"] = one.state
            people.append(row)
        chat = {
            "chat_id": group.chat_id, "name": group.name, "owner": group.owner, "create_time": 1_600_000_000,
            "notice": group.notice, "member_list": people, "admin_list": [], "member_version": secrets.token_hex(16),
        }  # fmt: skip
        return fine(group_chat=chat)

    def api_externalcontact_groupchat_add_join_way(self, body: Json) -> Json:
        chat_ids = body.get("chat_id_list") or []
        if not 1 <= len(chat_ids) <= 5 or len(str(body.get("state", ""))) > 30 or body.get("scene") not in (1, 2):
            return error(40058, "invalid join way")
        if any(one not in self.groups for one in chat_ids):
            return error(86003, "chat id not exist")
        config_id = secrets.token_hex(16)
        self.ways[config_id] = body | {"config_id": config_id, "qr_code": f"https://wework.example/{config_id}"}
        return fine(config_id=config_id)

    def api_externalcontact_groupchat_get_join_way(self, body: Json) -> Json:
        way = self.ways.get(body.get("config_id", ""))
        return fine(join_way=way) if way else error(40058, "invalid config_id")

    def api_externalcontact_groupchat_update_join_way(self, body: Json) -> Json:
        way = self.ways.get(body.get("config_id", ""))
        if way is None:
            return error(40058, "invalid config_id")
        way |= body
        return fine()

    def api_externalcontact_groupchat_del_join_way(self, body: Json) -> Json:
        return fine() if self.ways.pop(body.get("config_id", ""), None) else error(40058, "invalid config_id")

    def api_externalcontact_group_welcome_template_add(self, body: Json) -> Json:
        if len(self.welcomes) >= 100:
            return error(41090, "too many")
        if len(body.get("text", {}).get("content", "").encode()) > 3000:
            return error(40058, "text too long")
        template_id = "msg" + secrets.token_hex(12)
        self.welcomes[template_id] = body
        return fine(template_id=template_id)

    def api_externalcontact_group_welcome_template_edit(self, body: Json) -> Json:
        if body.get("template_id") not in self.welcomes:
            return error(40037, "invalid template_id")
        self.welcomes[body["template_id"]] |= body
        return fine()

    def api_externalcontact_group_welcome_template_del(self, body: Json) -> Json:
        return fine() if self.welcomes.pop(body.get("template_id"), None) else error(40037, "invalid template_id")

    def api_externalcontact_add_msg_template(self, body: Json) -> Json:
        sender, chat_ids = body.get("sender"), body.get("chat_id_list") or []
        if body.get("chat_type") != "group" or sender not in self.staff:
            return error(40058, "invalid sender")
        if len(body.get("text", {}).get("content", "").encode()) > 4000 or len(chat_ids) > 2000:
            return error(40058, "too long")
        good = [one for one in chat_ids if one in self.groups and self.groups[one].owner == sender]
        if not good:
            return error(41048, "no customer to send")
        task = Task(
            f"msgGCAAAXtWyujaWJHDDGi0{secrets.token_hex(6)}", sender, body["text"]["content"], body,
            dict.fromkeys(good, 0), int(time.time()),
        )
        self.tasks[task.msgid] = task
        return fine(fail_list=[one for one in chat_ids if one not in good], msgid=task.msgid)

    def api_externalcontact_remind_groupmsg_send(self, body: Json) -> Json:
        task = self.tasks.get(body.get("msgid", ""))
        if task is None or task.is_stopped:
            return error(41063, "msgid stopped")
        if task.reminders >= 3:
            return error(41093, "at most three reminders in a day")
        task.reminders += 1
        return fine()

    def api_externalcontact_cancel_groupmsg_send(self, body: Json) -> Json:
        task = self.tasks.get(body.get("msgid", ""))
        if task is None:
            return error(41063, "no such msgid")
        task.is_stopped = True
        return fine()

    def api_externalcontact_get_groupmsg_send_result(self, body: Json) -> Json:
        task = self.tasks.get(body.get("msgid", ""))
        if task is None or body.get("userid") != task.sender:
            return error(40058, "invalid msgid")
        rows = [
            {"chat_id": chat_id, "userid": task.sender, "status": status, "send_time": int(time.time())}
            for chat_id, status in sorted(task.status.items())
        ]
        start, limit = int(body.get("cursor") or 0), min(body.get("limit", 500), self.page)
        end = start + limit
        return fine(send_list=rows[start:end], next_cursor=str(end) if end < len(rows) else "")

    def api_externalcontact_get_groupmsg_list_v2(self, body: Json) -> Json:
        found = [
            {"msgid": one.msgid, "creator": "app", "create_time": one.made, "create_type": 1, "text": {"content": one.text}}
            for one in self.tasks.values() if body["start_time"] <= one.made <= body["end_time"]
        ]  # fmt: skip
        return fine(group_msg_list=found, next_cursor="")

    def api_message_send(self, body: Json) -> Json:
        if body.get("agentid") != 1000002:
            return error(40056, "invalid agentid")
        users = [one for one in body.get("touser", "").split("|") if one in self.staff]
        if not users:
            return error(81013, "user & party & tag all invalid")
        card = body.get("template_card")
        if card is not None:
            if card["task_id"] in self.cards:
                return error(42014, "duplicate task_id")
            self.cards[card["task_id"]] = card
        if not (body.get("enable_duplicate_check") and body in self.told):
            self.told.append(body)
        return fine(invaliduser="", msgid=secrets.token_hex(8))

    def api_kf_sync_msg(self, body: Json) -> Json:
        if body.get("token") and body["token"] != self.kf_token:
            return error(95007, "invalid msgtoken")
        mine = [one for one in self.kf_messages if one.get("open_kfid", one.get("event", {}).get("open_kfid")) == body["open_kfid"]]
        start = int(body.get("cursor") or 0)
        end = start + min(body.get("limit", 1000), self.page)
        return fine(next_cursor=str(min(end, len(mine))), has_more=int(end < len(mine)), msg_list=mine[start:end])

    def api_kf_customer_batchget(self, body: Json) -> Json:
        ids = body.get("external_userid_list", [])
        if not 1 <= len(ids) <= 100:
            return error(40058, "invalid list")
        return fine(customer_list=[{"external_userid": one, "nickname": one.removeprefix("wm_")} for one in ids])

    def api_kf_send_msg(self, body: Json) -> Json:
        msgid, place = body.get("msgid", ""), (body.get("open_kfid"), body.get("touser"))
        if len(msgid) > 32 or not re.fullmatch(r"[0-9a-zA-Z_-]*", msgid):
            return error(40058, "msgid exceed max length")
        if msgid in self.kf_seen:
            return error(40058, "msgid duplicated")
        if place[1] in self.kf_held:
            return error(95018, "send msg session status invalid")
        at, count = self.kf_window.get(place, (0.0, 0))  # type: ignore[arg-type]
        if time.time() - at > HOURS_48:
            return error(95002, "send msg time limit")
        if count >= 5:
            return error(95001, "send msg count limit")
        kind = body.get("msgtype", "")
        if kind not in ("text", "image", "file", "link", "miniprogram", "msgmenu") or kind not in body:
            return error(40008, "invalid msgtype")
        if kind == "text" and len(body["text"]["content"].encode()) > 2048:
            return error(45002, "too long")
        if kind == "msgmenu" and len(body["msgmenu"]["list"]) > 10:
            return error(95008, "too many menu items")
        self.kf_window[place] = (at, count + 1)  # type: ignore[index]
        self.kf_seen.add(msgid)
        self.kf_said.append(body)
        return fine(msgid=msgid)


def name_of(name: str) -> str:
    return "".join(one for one in name if one in LETTERS) or "x"
