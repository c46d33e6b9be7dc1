"""The wechaty channel when the gateway misbehaves: frozen, taken over, half dead, garbled, refusing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from wechaty_grpc.wechaty import puppet
from wechaty_grpc.wechaty.puppet import EventType

from bot.channels.base import Link, NeverSaid, TryAgain, Unsure
from bot.channels.wechaty.files import box_of_data
from bot.channels.wechaty.gateway import Address, BadAddress, Gateway, address_of
from bot.channels.wechaty.hearing import FETCHES
from bot.events import Event, HearingBack, HearingLost, MemberJoined, MessageReceived
from bot.outbox import Text
from tests.channels.wechaty_fake import END, ROOM, FakeGateway, fake
from tests.channels.wechaty_scene import channel_to, saying, settings_for, until


def test_a_frozen_gateway_is_noticed_by_its_missing_answer(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (channel, ears):
            peer.is_silent = True
            await ears.hear(HearingLost, seconds=3)
            assert channel.standing.link is Link.DEAF
            peer.is_silent = False
            await ears.hear(HearingBack, seconds=3)
            assert peer.count("Stop") == 0

    asyncio.run(play())


def test_a_stream_that_died_silently_is_noticed_where_pings_come_back_on_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (_, ears):
            peer.tell(EventType.EVENT_TYPE_DONG, {"data": "tuan"})
            await ears.hear(HearingBack, seconds=8)
            assert peer.streams == 2

    asyncio.run(play())


def test_a_stream_left_over_is_freed_by_one_stop_and_never_by_two(tmp_path: Path) -> None:
    async def play() -> None:
        gateway = FakeGateway()
        gateway.busy = 2
        async with fake(gateway) as peer, channel_to(tmp_path, peer.endpoint):
            assert peer.count("Stop") == 1
        gateway = FakeGateway()
        gateway.busy = 1_000
        async with fake(gateway) as peer, channel_to(tmp_path, peer.endpoint, waits=False) as (channel, _):
            await until(lambda: channel.standing.link is Link.REFUSED)
            await until(lambda: peer.count("Event") > 5)
            assert peer.count("Stop") == 1
            peer.busy = 0  # whoever it was has gone
            await until(lambda: channel.standing.link is Link.CONNECTED)

    asyncio.run(play())


def test_whoever_takes_the_stream_from_us_is_not_stopped(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (channel, _):
            peer.busy = 1_000
            peer.events.put_nowait(END)
            await until(lambda: channel.standing.link is Link.REFUSED)
            assert "another client" in channel.standing.detail
            with pytest.raises(TryAgain):
                await channel.send(saying(Text("在吗")))
            assert peer.count("Stop") == 0

    asyncio.run(play())


def test_an_ordinary_reconnect_and_our_own_end_never_stop_the_gateway(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer:
            async with channel_to(tmp_path, peer.endpoint) as (_, ears):
                peer.events.put_nowait(END)
                await ears.hear(HearingBack)
                assert peer.streams == 2
            assert peer.count("Stop") == 0
            # The next start tells for how long we were away.
            async with channel_to(tmp_path, peer.endpoint) as (_, ears):
                assert (await ears.hear(HearingLost))[0].text == "we were stopped"
                assert "nothing could be heard from" in ((await ears.hear(HearingBack))[0].text or "")

    asyncio.run(play())


def test_the_same_message_told_twice_is_heard_once_and_nonsense_not_at_all(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (_, ears):
            for garbage in ("", "nonsense", "[1]", '{"messageId": 7}', '{"messageId": ""}'):
                peer.tell(EventType.EVENT_TYPE_MESSAGE, garbage)
            peer.tell(EventType.EVENT_TYPE_ROOM_JOIN, {"roomId": None, "inviteeIdList": "x"})
            peer.tell(EventType.EVENT_TYPE_ERROR, "not json")
            peer.events.put_nowait(b"\xff\xff\xff")
            peer.say("m1", "一")
            peer.say("m1", "一")
            peer.say("m2", "二", talker="bot")
            peer.tell(EventType.EVENT_TYPE_MESSAGE, {"messageId": "unknown"})
            peer.say("m3", "三")
            await until(lambda: "三" in ears.texts())
            assert ears.texts() == ["一", "三"]
            assert ears.of(HearingLost) == []

    asyncio.run(play())


def test_a_join_that_names_somebody_nobody_knows_still_counts(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (channel, ears):
            channel._hearing.rooms._settle_seconds = 0.01
            peer.refusals["RoomMemberPayload"] = (grpc.StatusCode.NOT_FOUND, "who?")
            peer.tell(EventType.EVENT_TYPE_ROOM_JOIN, {"roomId": ROOM, "inviteeIdList": ["ghost"], "timestamp": 1795000000})
            joined = (await ears.hear(MemberJoined))[0]
            assert (joined.member_id, joined.inviter_id) == ("wechaty:ghost", None)
            assert joined.occurred_at == datetime.fromtimestamp(1795000000, UTC)

    asyncio.run(play())


def test_what_could_not_be_kept_is_handed_on_again_and_in_order(tmp_path: Path) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (channel, ears):
            full = 3

            def receive(event: Event) -> Any:
                nonlocal full
                if isinstance(event, MessageReceived) and full:
                    full -= 1
                    raise OverflowError
                return ears.receive(event)

            channel._hearing._keeping.start(receive)
            texts = [f"第{number}条" for number in range(FETCHES * 3)]
            for number, text in enumerate(texts):
                peer.say(f"m{number}", text)
            await ears.hear(MessageReceived, len(texts))
            assert ears.texts() == texts

    asyncio.run(play())


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "no such room", NeverSaid),
        (grpc.StatusCode.INTERNAL, "not logged in", TryAgain),
        (grpc.StatusCode.UNKNOWN, "something", Unsure),
        (grpc.StatusCode.UNAVAILABLE, "socket closed", Unsure),
    ],
)
def test_a_failed_sending_says_how_sure_we_are(
    tmp_path: Path, code: grpc.StatusCode, words: str, kind: type[Exception]
) -> None:
    async def play() -> None:
        async with fake() as peer, channel_to(tmp_path, peer.endpoint) as (channel, _):
            peer.refusals["MessageSendText"] = (code, words)
            with pytest.raises(kind):
                await channel.send(saying(Text("在吗")))

    asyncio.run(play())


def test_a_gateway_without_uploads_gets_small_files_inside_the_request() -> None:
    async def play() -> None:
        async with fake() as peer:
            gateway = Gateway(Address(peer.endpoint, "secret", is_insecure=True))
            assert '"uuid":"u1"' in await box_of_data(gateway, "a.png", b"x" * 5_000_000)
            peer.refusals["Upload"] = (grpc.StatusCode.UNIMPLEMENTED, "")
            assert '"base64":"eHh4"' in await box_of_data(gateway, "a.png", b"xxx")
            with pytest.raises(NeverSaid):
                await box_of_data(gateway, "a.png", b"x" * 5_000_000)
            await gateway.close()

    asyncio.run(play())


def certificate(name: str) -> tuple[bytes, bytes]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def test_a_pinned_authority_lets_its_gateway_in_and_no_other(tmp_path: Path) -> None:
    right, key = certificate("shopgate")
    other, _ = certificate("shopgate")
    (tmp_path / "right.pem").write_bytes(right)
    (tmp_path / "other.pem").write_bytes(other)
    credentials = grpc.ssl_server_credentials([(key, right)])

    async def play() -> None:
        async with fake(credentials=credentials) as peer:
            secure = {"token": "shopgate_1234", "wechaty_insecure": False}
            async with channel_to(tmp_path, peer.endpoint, **secure, wechaty_ca=tmp_path / "right.pem"):
                streams = peer.streams
            async with channel_to(
                tmp_path, peer.endpoint, **secure, wechaty_ca=tmp_path / "other.pem", waits=False
            ) as (channel, _):
                await until(lambda: channel.standing.link is Link.DEAF)
            assert peer.streams == streams == 1

    asyncio.run(play())


def test_settings_that_cannot_work_are_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for values, words in (
        ({"endpoint": "gateway"}, "host:port"),
        ({"token": ""}, "TOKEN"),
        ({"wechaty_ca": tmp_path / "absent.pem", "wechaty_insecure": False}, "cannot be read"),
        ({"wechaty_ca": tmp_path / "no.pem", "wechaty_insecure": False}, "not a PEM"),
        ({"wechaty_ca": tmp_path / "no.pem"}, "contradict"),
    ):
        given: dict[str, Any] = {"endpoint": "gateway:1", "token": "secret"} | values
        with pytest.raises(BadAddress, match=words):
            address_of(settings_for(tmp_path, **given))

    async def play() -> None:
        async with channel_to(tmp_path, "gateway", waits=False) as (channel, _):
            assert channel.standing.link is Link.REFUSED
            with pytest.raises(TryAgain):
                await channel.send(saying(Text("在吗")))

    asyncio.run(play())


def test_the_answers_of_sendings_have_their_id_in_the_same_field() -> None:
    for made in (
        puppet.MessageSendTextResponse(id="x"), puppet.MessageSendUrlResponse(id="x"),
        puppet.MessageSendMiniProgramResponse(id="x"), puppet.MessageSendFileResponse(id="x"),
    ):
        assert puppet.MessageSendFileResponse().parse(bytes(made)).id == "x"
