"""What a gateway's messages mean, and reading them off the wire."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from wechaty_grpc.wechaty import puppet

from bot.channels.wechaty.files import is_public
from bot.channels.wechaty.heard import Kind, is_to, understand
from bot.channels.wechaty.ids import ours, private, theirs
from bot.channels.wechaty.scanning import as_text
from bot.channels.wechaty.wire import Garbled, Payload, id_request, read_event, read_payload

texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=300)
times = some.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=some.just(UTC))


@settings(deadline=None)
@given(
    ids=some.tuples(texts, texts, texts, texts), text=texts, kind=some.integers(0, 18), mentions=some.lists(texts, max_size=4),
    at=times,
)
def test_the_wire_is_read_as_the_generated_classes_write_it(
    ids: tuple[str, str, str, str], text: str, kind: int, mentions: list[str], at: datetime
) -> None:
    made = puppet.MessagePayloadResponse(
        id=ids[0], talker_id=ids[1], room_id=ids[2], listener_id=ids[3], text=text, filename="a.png", mention_ids=mentions,
        receive_time=at,
    )
    made.type = kind  # type: ignore[assignment]
    read = read_payload(bytes(made))
    assert (read.id, read.talker_id, read.room_id, read.listener_id) == ids
    assert (read.text, read.kind, read.mention_ids, read.filename) == (text, kind, tuple(mentions), "a.png")
    assert read.sent_at is not None
    assert abs((read.sent_at - at).total_seconds()) < 0.001


@settings(deadline=None)
@given(texts, some.integers(0, 40))
def test_events_and_requests_are_the_generated_ones(payload: str, kind: int) -> None:
    made = puppet.EventResponse(payload=payload)
    made.type = kind  # type: ignore[assignment]
    assert read_event(bytes(made)) == (kind, payload)
    assert puppet.MessagePayloadRequest().parse(id_request(payload)).id == payload


@settings(deadline=None)
@given(some.binary(max_size=200))
def test_any_bytes_are_a_message_or_garbled(data: bytes) -> None:
    for read in (read_event, read_payload):
        try:
            read(data)
        except Garbled:
            continue


def test_old_gateways_tell_the_time_in_seconds_or_milliseconds() -> None:
    moment = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    for stamp in (int(moment.timestamp()), int(moment.timestamp() * 1000)):
        made = puppet.MessagePayloadResponse(id="m")
        made.timestamp_deprecated = stamp
        assert read_payload(bytes(made)).sent_at == moment


def payload(text: str, kind: int = Kind.TEXT, **more: str) -> Payload:
    return Payload("m1", kind, text, "p0", "r0", "", more.get("filename", ""), (), None)


def app(title: str, app_type: int, more: str = "") -> str:
    return f'p0:\n<?xml version="1.0"?>\n<msg><appmsg appid="">{more}<title>{title}</title><type>{app_type}</type></appmsg></msg>'


def test_rosters_in_each_shape_gateways_give_them() -> None:
    native = app("#接龙\n1. 小王", 53, "<solitaire_info><![CDATA[<s><u>p0</u></s>]]></solitaire_info>")
    for block, kind in (
        (native, Kind.GROUP_NOTE), (native, Kind.URL), (native, Kind.UNKNOWN), (app("#接龙\\n1. 小王", 49), Kind.ATTACHMENT),
    ):
        meaning = understand(payload(block, kind))
        assert meaning is not None
        assert (meaning.text, meaning.roster) == ("#接龙\n1. 小王", block)
    words = understand(payload("#接龙\n1. 小王"))
    assert words is not None
    assert (words.text, words.roster) == ("#接龙\n1. 小王", None)
    bare = understand(payload("水果接龙\\n1. 小王", Kind.GROUP_NOTE))
    assert bare is not None
    assert bare.text == "水果接龙\n1. 小王"
    assert bare.roster is not None


def test_quotations_keep_what_is_quoted_apart_from_what_is_said() -> None:
    shown = understand(payload("「小王：苹果多少钱」\n- - - - - - - - - - - - - - -\n我也想知道"))
    assert shown is not None
    assert (shown.text, shown.quoted_text) == ("我也想知道", "苹果多少钱")
    block = app("我也想知道", 57, "<refermsg><svrid>991</svrid><content>苹果多少钱</content></refermsg>")
    told = understand(payload(block, Kind.URL))
    assert told is not None
    assert (told.text, told.quotes, told.quoted_text) == ("我也想知道", "991", "苹果多少钱")


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (Kind.AUDIO, "", "[语音]"), (Kind.IMAGE, "<msg><img/></msg>", "[图片]"), (Kind.IMAGE, "几点送货", "几点送货"),
        (Kind.URL, app("好文", 5), "[链接] 好文"), (Kind.MINI_PROGRAM, app("小店", 33), "[小程序] 小店"),
        (Kind.ATTACHMENT, "", "[文件] 价目.xlsx"), (99, "", "[其他消息]"), (Kind.TEXT, "a\x00b", "ab"),
        (Kind.TEXT, "<appmsg>5<3", "<appmsg>5<3"),
    ],
)
def test_messages_without_words_are_shown_by_what_they_are(kind: int, text: str, shown: str) -> None:
    filename = "价目.xlsx" if kind == Kind.ATTACHMENT else ""
    meaning = understand(payload(text, kind, filename=filename))
    assert meaning is not None
    assert meaning.text == shown
    assert understand(payload("撤回了一条消息", Kind.RECALLED)) is None


def test_xml_that_would_blow_up_is_taken_as_words() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + app("&a;", 53)
    meaning = understand(payload(bomb))
    assert meaning is not None
    assert meaning.roster is None


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        ("@小团 几点", True), ("@小团\u2005几点", True), ("问下@小团", True), ("@小团长 几点", False), ("小团 几点", False),
        ("@团长+小团 几点", True),
    ],
)
def test_our_name_after_an_at_is_said_to_us_where_a_gateway_tells_no_mentions(text: str, is_ours: bool) -> None:
    assert is_to(("小团", "团长+小团"), payload(text), "bot") is is_ours


def test_ids_go_there_and_back() -> None:
    assert theirs(ours("r0@chatroom")) == "r0@chatroom"
    assert theirs(private("p:0")) == "p:0"


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        ("https://shop.example/a.png", True), ("http://localhost:8700/a.png", False), ("http://127.0.0.1/a", False),
        ("http://192.168.1.4/a", False), ("http://8.8.8.8/a", True), ("file:///etc/passwd", False), ("http://shop/a", False),
    ],
)
def test_a_gateway_elsewhere_is_only_given_addresses_it_can_reach(address: str, is_so: bool) -> None:
    assert is_public(address) is is_so


def test_a_code_too_long_for_a_terminal_is_left_out() -> None:
    assert as_text("https://login.example/abc")
    assert as_text("x" * 10_000) == ""
