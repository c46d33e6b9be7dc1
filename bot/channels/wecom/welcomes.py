"""Welcomes: what WeCom itself says to whoever joins a group, from the corp's store of at most 100.

https://developer.work.weixin.qq.com/document/path/92366. A group's owner picks one for the group once; from then on it
is said at once, without a person and without counting as a group send.
"""

from __future__ import annotations

from typing import Any

import orjson

from bot.channels.wecom.account import Account
from bot.channels.wecom.kf_says import cut
from storage import wecom

KIND = "welcome"
MAX_TEXT_BYTES = 3_000


class Welcomes:
    """Keeps welcomes by a name of ours."""

    def __init__(self, account: Account) -> None:
        self.account = account

    async def put(
        self, name: str, text: str, *, title: str = "", url: str = "", about: str = "", picture: str = "",
        is_told: bool = True,
    ) -> str:
        """Set the welcome of this name; gives WeCom's template_id. `%NICKNAME%` becomes the newcomer's name; with `url`
        a link card follows the words. `is_told`: WeCom tells the staff that there is a new one."""
        account = self.account
        said: dict[str, Any] = {"text": {"content": cut(text, MAX_TEXT_BYTES)}}
        if url:
            link = {"title": cut(title, 128), "desc": cut(about, 512), "url": url}
            said["link"] = link | ({"picurl": picture} if picture else {})
        known = await account.read(lambda session: wecom.find_made(session, account.name, KIND, name))
        detail = orjson.dumps(said).decode()
        if known is None:
            asked = said | {"notify": int(is_told)}
            answer = await account.api.call("externalcontact/group_welcome_template/add", asked)
            template_id = str(answer.get("template_id") or "")
        else:
            template_id = known.remote_id
            if known.detail == detail:
                return template_id
            await account.api.call("externalcontact/group_welcome_template/edit", said | {"template_id": template_id})
        await account.write(lambda session: wecom.save_made(
            session, account.name, KIND, name, template_id, detail, account.now()
        ))
        return template_id

    async def remove(self, name: str) -> None:
        account = self.account
        known = await account.read(lambda session: wecom.find_made(session, account.name, KIND, name))
        if known is not None:
            await account.api.call("externalcontact/group_welcome_template/del", {"template_id": known.remote_id})
            await account.write(lambda session: wecom.forget_made(session, account.name, KIND, name))
