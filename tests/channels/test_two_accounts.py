"""Two accounts of one channel: each speaks in its own groups, and a group is moved from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from wechaty_grpc.wechaty import puppet

from bot.app import Operator, open_database
from bot.channels.base import Link
from bot.channels.setups import accounts_of, look
from bot.settings import Settings
from handlers import FEATURES
from storage import faq, groups, inbox, places
from tests.channels.wechaty_fake import END, FakeGateway, fake
from tests.channels.wechaty_scene import now, until

FIRST, SECOND, BOTH = "r0@chatroom", "r1@chatroom", "r2@chatroom"
ANSWER = "每天下午四点送到小区门口。"


def said(gateway: FakeGateway) -> list[str]:
    """The rooms in which the answer was said, in order."""
    requests = [puppet.MessageSendTextRequest().parse(sent) for name, sent in gateway.asked if name == "MessageSendText"]
    return [one.conversation_id for one in requests if ANSWER in one.text]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    def make(first: str, second: str, **more: object) -> Settings:
        names = {
            "TUAN_WECHATY_ENDPOINT": first, "TUAN_WECHATY_TOKEN": "one", "TUAN_WECHATY_INSECURE": "true",
            "TUAN_WECHATY_2_ENDPOINT": second, "TUAN_WECHATY_2_TOKEN": "two", "TUAN_WECHATY_2_INSECURE": "true",
        }
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        return Settings(_env_file=None, home=tmp_path, demo=False, **more)  # type: ignore[arg-type, call-arg]

    return make


def test_two_accounts_speak_each_in_its_own_groups_and_a_group_is_moved(
    database_url: str, settings: Callable[..., Settings]
) -> None:
    async def play() -> None:
        async with fake() as one, fake() as two:
            one.rooms, two.rooms = [FIRST, BOTH], [SECOND]
            chosen = settings(one.endpoint, two.endpoint, database_url=database_url)
            open_database(chosen)
            operator = Operator(chosen, features=FEATURES)
            with operator.database.write() as session:
                values = {"id": "e1", "question": "几点送货", "answer": ANSWER, "is_enabled": True, "phrasings": []}
                faq.save(session, values, now())
            await operator.start()
            try:
                await scenes(operator, one, two)
            finally:
                await operator.stop()

    async def scenes(operator: Operator, one: FakeGateway, two: FakeGateway) -> None:
        def managed() -> dict[str, str]:
            with operator.database.read() as session:
                return {row.id: row.account_id for row in groups.find_all(session) if row.channel == "wechaty"}

        await until(lambda: len(managed()) == 3)
        assert managed() == {f"wechaty:{FIRST}": "wechaty", f"wechaty:{BOTH}": "wechaty", f"wechaty:{SECOND}": "wechaty-2"}
        with operator.database.write() as session:
            places.set_management(session, list(managed()), groups.TAKEN, groups.SPEAK_CONFIDENT)
        one.say("m1", "@小团 几点送货", room=FIRST)
        two.say("n1", "@小团 几点送货", room=SECOND)
        await until(lambda: said(one) == [FIRST] and said(two) == [SECOND])
        # Both sit in it, and their network calls the same message by two names.
        two.say("n2", "@小团 几点送货", room=BOTH)
        one.say("m2", "@小团 几点送货", room=BOTH)
        await until(lambda: said(one) == [FIRST, BOTH])
        with operator.database.write() as session:
            assert places.move(session, [f"wechaty:{BOTH}"], "wechaty-2") == 1
        one.say("m3", "@小团 几点送货", room=BOTH)
        two.say("n3", "@小团 几点送货", room=BOTH)
        await until(lambda: said(two) == [SECOND, BOTH])
        assert said(one) == [FIRST, BOTH]
        one.say("m4", "@小团 几点送货", "p7", room="")
        two.say("n4", "@小团 几点送货", "p8", room="")
        await until(lambda: said(one) == [FIRST, BOTH, "p7"] and said(two) == [SECOND, BOTH, "p8"])
        await away(operator, two)

    async def away(operator: Operator, two: FakeGateway) -> None:
        two.is_silent, two.logs_in = True, False
        two.events.put_nowait(END)
        await until(lambda: operator.channels["wechaty-2"].standing.link is Link.DEAF)
        assert operator.channels["wechaty"].standing.link is Link.CONNECTED

        def lost() -> bool:
            with operator.database.read() as session:
                return bool(inbox.find_in_conversation(session, "account:wechaty-2", kinds=("HearingLost",), limit=5))

        await until(lost)

    asyncio.run(asyncio.wait_for(play(), 60))


def test_a_further_account_takes_nothing_from_the_first(settings: Callable[..., Settings]) -> None:
    chosen = settings("one:1", "two:2", wechaty_ca=Path("ca.pem"), shop_name="花店")
    (_, first), (account, second) = accounts_of("wechaty", chosen)
    assert (account, second.wechaty_endpoint, second.wechaty_token.get_secret_value()) == ("wechaty-2", "two:2", "two")
    assert (first.wechaty_ca, second.wechaty_ca, second.shop_name) == (Path("ca.pem"), None, "花店")
    assert "two" not in repr(chosen)
    assert accounts_of("matrix", chosen) == []


def test_a_further_account_stands_in_env_files_too_and_names_what_it_misses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("TUAN_MATRIX_3_HOMESERVER=https://matrix.example\nTUAN_MATRIX_3_PASSWORD=x\n")
    chosen = Settings()
    assert [name for name, _ in accounts_of("matrix", chosen)] == ["matrix-3"]
    (found,) = [one for one in look(chosen) if one.setup.account == "matrix-3"]
    assert (found.missing, found.is_begun) == (("TUAN_MATRIX_3_USER",), True)
