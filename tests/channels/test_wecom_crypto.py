"""The seal on callbacks, both ways against wechatpy's independent implementation, and what does not open it."""

from __future__ import annotations

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as some
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.channels.wecom.crypto import BadKey, Forged, Seal
from bot.channels.wecom.envelope import BadEnvelope, read, word, words
from tests.channels.wecom_server import CORP_ID, KEY, TOKEN

OURS, THEIRS = Seal(TOKEN, KEY, CORP_ID), WeChatCrypto(TOKEN, KEY, CORP_ID)
AT = "1409659813"


def between(text: str, name: str) -> str:
    return text.partition(f"<{name}><![CDATA[")[2].partition("]]>")[0]


@given(some.text(max_size=600))
def test_we_open_what_the_other_implementation_sealed(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    outer = THEIRS.encrypt_message(text, "nonce", AT)
    assert OURS.open(between(outer, "MsgSignature"), AT, "nonce", between(outer, "Encrypt")) == text.encode()


@given(some.text(max_size=600))
def test_the_other_implementation_opens_what_we_sealed(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    sealed, signature = OURS.close(text.encode(), AT, "nonce")
    assert THEIRS.decrypt_message({"Encrypt": sealed}, signature, AT, "nonce") == text


def test_the_example_of_the_documents_is_signed_as_they_say() -> None:
    seal = Seal("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
    sealed = (
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/"
        "sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJ"
        "YuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGU"
        "callcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDY"
        "A5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
    )
    message = seal.open("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", sealed)
    assert word(read(message), "Content") == "hello"


def test_nothing_changed_opens() -> None:
    sealed, signature = OURS.close(b"<xml></xml>", AT, "nonce")
    data = bytearray(base64.b64decode(sealed))
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] ^= 1
        other = base64.b64encode(bytes(changed)).decode()
        with pytest.raises(Forged):
            OURS.open(signature, AT, "nonce", other)
        with pytest.raises(Forged):  # even by somebody who knows the token, not the key
            OURS.open(OURS.sign(AT, "nonce", other), AT, "nonce", other + "!")
    for query in (("x", AT, "nonce"), (signature, "1409659814", "nonce"), (signature, AT, "other"), ("", AT, "nonce")):
        with pytest.raises(Forged):
            OURS.open(query[0], query[1], query[2], sealed)


@given(some.binary(max_size=400))
def test_whoever_knows_the_token_but_not_the_key_only_gets_forged(junk: bytes) -> None:
    sealed = base64.b64encode(junk).decode()
    with pytest.raises(Forged):
        OURS.open(OURS.sign(AT, "n", sealed), AT, "n", sealed)


def test_a_message_for_another_corp_does_not_open() -> None:
    sealed, signature = Seal(TOKEN, KEY, "ww_another").close(b"<xml/>", AT, "nonce")
    with pytest.raises(Forged):
        OURS.open(signature, AT, "nonce", sealed)


@pytest.mark.parametrize("key", ["", "short", KEY + "A", KEY[:-1] + "!", "=" * 43])
def test_a_key_that_is_none_is_refused_at_once(key: str) -> None:
    with pytest.raises(BadKey):
        Seal(TOKEN, key, CORP_ID)


@pytest.mark.parametrize("hostile", [
    b'<!DOCTYPE a [<!ENTITY x "y">]><xml><A>&x;</A></xml>',
    b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml>&b;</xml>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><xml/>',
    b"<xml>" + b"<a>" * 100 + b"</a>" * 100 + b"</xml>",
    b"<xml>" + b"<a>1</a>" * 3_000 + b"</xml>",
    b"<xml>" + b"a" * 70_000 + b"</xml>",
    b"<xml><a></xml>", b"", b"\xff\xfe", b"{}",
])  # fmt: skip
def test_hostile_xml_is_refused(hostile: bytes) -> None:
    with pytest.raises(BadEnvelope):
        read(hostile)


def test_both_forms_of_a_list_are_read() -> None:
    assert words(read(b"<xml><L><Item>a</Item><Item><![CDATA[b]]></Item></L></xml>"), "L") == ["a", "b"]
    assert words(read(b"<xml><L><![CDATA[a,b]]></L></xml>"), "L") == ["a", "b"]
    assert words(read(secrets.token_hex(4).join(("<xml><L>", "</L></xml>")).encode()), "M") == []
