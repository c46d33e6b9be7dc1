"""The whole shop on Matrix: a member asks in a room and reads the answer there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.app import Operator, open_database, wall_clock
from bot.settings import Settings
from content import demo
from storage import groups, inbox, places
from tests.matrix.homeserver import Homeserver, Person

PATIENCE = 400  # times 0.1 s


async def until(look: Any) -> Any:
    for _ in range(PATIENCE):
        found = look()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen")


def test_a_question_in_a_room_is_answered_there_from_the_shops_knowledge(
    tmp_path: Path, database_url: str, synapse: Homeserver, us: Person, li: Person
) -> None:
    settings = Settings(
        home=tmp_path / "home", database_url=database_url, matrix_homeserver=synapse.url, matrix_user=us.id,
        matrix_password=us.password, bot_name="小团", _env_file=None,
    )
    open_database(settings)
    operator = Operator(settings)
    with operator.database.write() as session:
        demo.load_shop(session, wall_clock())

    def switched_on(group_id: str) -> bool:
        with operator.database.write() as session:
            group = groups.find(session, group_id)
            if group is None or group.name != "阳光小区团购群":
                return False
            places.set_management(session, [group_id], groups.TAKEN, groups.SPEAK_CONFIDENT)
            return True

    async def scene() -> list[str]:
        await operator.start()
        room = li.create(us, name="阳光小区团购群")
        await until(lambda: switched_on(f"matrix:{room}"))
        li.say(room, "小团: 怎么退款？", **{"m.mentions": {"user_ids": [us.id]}})
        ours = await until(lambda: [one for one in li.reads(room) if one["sender"] == us.id])
        await operator.stop()
        return [f"matrix:{room}", ours[0]["content"]["body"]]

    group_id, answer = asyncio.run(scene())
    assert answer.startswith("李四: 在「我的订单」里点「申请售后」")
    database = Operator(settings).database
    with database.read() as session:
        rows = [row for row in inbox.find_latest(session, group_id, 20) if row.kind == "MessageReceived"]
        assert [(row.text, row.member_name, row.outcome) for row in rows] == [("@小团 怎么退款？", "李四", "answered")]
        group = groups.get(session, group_id)
        assert len(group.code) <= 40
    database.close()
