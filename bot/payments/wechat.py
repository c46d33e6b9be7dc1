"""WeChat Pay v3: the only door to its library. Asks for money, looks, closes, gives back, reads notifications and bills."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from wechatpayv3 import WeChatPay as Library
from wechatpayv3 import WeChatPayType
from wechatpayv3.core import Core

log = structlog.get_logger()
NAME = "wechat"
JSAPI, H5, NATIVE = "jsapi", "h5", "native"
WAYS = {JSAPI: WeChatPayType.JSAPI, H5: WeChatPayType.H5, NATIVE: WeChatPayType.NATIVE}
ANSWERS = {JSAPI: "prepay_id", H5: "h5_url", NATIVE: "code_url"}
TIMEOUT = (3.05, 10.0)  # seconds to connect, and to answer
WINDOW = timedelta(minutes=5)  # a notification signed longer ago, or later, is refused, as WeChat Pay advises
CERTIFICATES_EVERY = timedelta(minutes=10)  # so that forged serials cannot make us fetch certificates again and again
LONGEST_BILL = 200_000_000  # bytes, unpacked


class Trouble(Exception):
    """WeChat Pay did not do what it was asked. `code` is its own word, empty where it did not answer."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(f"{status} {code} {words}"[:300])
        self.status, self.code = status, code


class Forged(Exception):
    """A notification that is not from WeChat Pay, or not for us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who we are at WeChat Pay. Without `public_key` its platform certificates are fetched and kept up."""

    mchid: str
    appid: str
    private_key: str
    serial: str
    apiv3_key: str
    notify_url: str
    public_key: str = ""
    public_key_id: str = ""
    api: str = "https://api.mch.weixin.qq.com"


class Connection(Core):  # type: ignore[misc]
    """The library's connection, at the address we are told, fetching certificates when first needed and not at once."""

    def __init__(self, access: Access) -> None:
        key, key_id = access.public_key or None, access.public_key_id or None
        super().__init__(
            access.mchid, access.serial, access.private_key, access.apiv3_key, timeout=TIMEOUT, public_key=key,
            public_key_id=key_id,
        )
        self._gate_way: str = access.api.rstrip("/")

    def _init_certificates(self) -> None:
        """Nothing yet: a shop starts also while WeChat Pay cannot be reached."""

    def knows(self, serial: str) -> bool:
        """Do we hold the key with this serial?"""
        if serial == self._public_key_id:
            return True
        return any(f"{one.serial_number:X}" == serial.lstrip("0").upper() for one in self._certificates)


class Till(Library):  # type: ignore[misc]
    """The library's calls on our connection."""

    def __init__(self, access: Access) -> None:
        self._type, self._mchid, self._appid = WeChatPayType.NATIVE, access.mchid, access.appid
        self._notify_url, self._partner_mode = access.notify_url, False
        self._core = Connection(access)


class WechatPay:
    """One merchant's account. Every call is synchronous and may raise Trouble; call it from a thread."""

    def __init__(self, access: Access, now: Callable[[], datetime]) -> None:
        self.access, self.now = access, now
        self._till = Till(access)
        self._lock = threading.Lock()
        self._fetched_at: datetime | None = None

    def prepay(self, number: str, way: str, amount_fen: int, words: str, expires_at: datetime, payer: str, address: str) -> str:
        """Ask for money under our number; gives the prepay id, the address for a browser, or the address for a QR code.
        The same number with the same values may be asked again. `address` is the member's, for h5."""
        more: dict[str, Any] = {}
        if way == JSAPI:
            more["payer"] = {"openid": payer}
        if way == H5:
            more["scene_info"] = {"payer_client_ip": address or "127.0.0.1", "h5_info": {"type": "Wap"}}
        answer = self._json(
            self._till.pay, description=words[:127], out_trade_no=number, amount={"total": amount_fen, "currency": "CNY"},
            time_expire=expires_at.isoformat(timespec="seconds"), pay_type=WAYS[way], **more,
        )
        return str(answer[ANSWERS[way]])

    def to_call(self, prepay_id: str) -> dict[str, str]:
        """What a page in WeChat hands to WeixinJSBridge to open the payment (JSAPI), signed."""
        stamp, nonce = str(int(self.now().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        sign = self._till.sign([self.access.appid, stamp, nonce, package])
        return {
            "appId": self.access.appid, "timeStamp": stamp, "nonceStr": nonce, "package": package, "signType": "RSA",
            "paySign": sign,
        }

    def query(self, number: str) -> dict[str, Any] | None:
        """How our number stands there; None when it is not known."""
        try:
            return self._json(self._till.query, out_trade_no=number)
        except Trouble as trouble:
            if trouble.status == 404:
                return None
            raise

    def close(self, number: str) -> None:
        """Nobody can pay this number any more. Raises Trouble, ORDERPAID where somebody did."""
        self._json(self._till.close, number)

    def refund(self, refund_id: str, transaction_id: str, amount_fen: int, payment_fen: int) -> dict[str, Any]:
        """Give money back; the same id again tells how far it has come, and pays once."""
        amount = {"refund": amount_fen, "total": payment_fen, "currency": "CNY"}
        return self._json(self._till.refund, refund_id, amount, transaction_id=transaction_id)

    def find_refund(self, refund_id: str) -> dict[str, Any] | None:
        try:
            return self._json(self._till.query_refund, refund_id)
        except Trouble as trouble:
            if trouble.status == 404:
                return None
            raise

    def bill(self, day: date) -> bytes:
        """The trade bill of a day as CSV, checked against its digest; empty when nothing happened."""
        try:
            named = self._json(self._till.trade_bill, day.isoformat())
        except Trouble as trouble:
            if trouble.code == "NO_STATEMENT_EXIST":
                return b""
            raise
        status, packed = self._call(self._till.download_bill, str(named["download_url"]))
        if status != 200:
            raise Trouble(status, "", "bill not given")
        unpacked = _unpack(packed if isinstance(packed, bytes) else str(packed).encode())
        if hashlib.sha1(unpacked, usedforsecurity=False).hexdigest() != str(named.get("hash_value", "")).lower():
            raise Trouble(status, "", "the bill is not what its digest says")
        return unpacked

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """A notification with its resource decrypted. Raises Forged when it is not from WeChat Pay, not fresh, or not
        for this merchant."""
        lower = {name.lower(): value for name, value in headers.items() if name.lower().startswith("wechatpay-")}
        self._insist_fresh(lower.get("wechatpay-timestamp", ""))
        with self._lock:
            self._insist_known(lower.get("wechatpay-serial", ""))
            try:
                notice = self._till.callback(lower, body)
            except Exception as error:
                raise Forged(f"{type(error).__name__}: {error}"[:200]) from error
        if not isinstance(notice, dict) or not isinstance(notice.get("resource"), dict):
            raise Forged("bad signature or not to be decrypted")
        resource = notice["resource"]
        if resource.get("mchid") != self.access.mchid:
            raise Forged("for another merchant")
        if resource.get("appid", self.access.appid) != self.access.appid:
            raise Forged("for another app")
        return notice

    def _insist_fresh(self, stamp: str) -> None:
        if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
            raise Forged("no time")
        if abs(self.now().timestamp() - int(stamp)) > WINDOW.total_seconds():
            raise Forged("signed at another time")

    def _insist_known(self, serial: str) -> None:
        """Fetch the certificates where a serial is new, at most so often: anybody may send us a serial."""
        connection = self._till._core
        if connection.knows(serial):
            return
        if len(serial) > 64 or (self._fetched_at is not None and self.now() - self._fetched_at < CERTIFICATES_EVERY):
            raise Forged("signed with a key we do not know")
        self._fetched_at = self.now()
        try:
            connection._update_certificates()
        except Exception as error:
            log.warning("certificates not fetched", exc_info=error)
        if not connection.knows(serial):
            raise Forged("signed with a key we do not know")

    def _json(self, call: Callable[..., tuple[int, Any]], *values: Any, **named: Any) -> dict[str, Any]:
        status, text = self._call(call, *values, **named)
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = {}
        if not isinstance(answer, dict) or not 200 <= status < 300:
            said = answer if isinstance(answer, dict) else {}
            raise Trouble(status, str(said.get("code", ""))[:60], str(said.get("message", ""))[:200])
        return answer

    def _call(self, call: Callable[..., tuple[int, Any]], *values: Any, **named: Any) -> tuple[int, Any]:
        try:
            return call(*values, **named)
        except Exception as error:
            raise Trouble(0, "", f"{type(error).__name__}: {error}") from error


def _unpack(packed: bytes) -> bytes:
    """The bill itself, bounded; it may come unpacked already."""
    if not packed.startswith(b"\x1f\x8b"):
        return packed
    unpacking = zlib.decompressobj(wbits=31)
    data = unpacking.decompress(packed, LONGEST_BILL)
    if unpacking.unconsumed_tail:
        raise Trouble(200, "", "bill too long")
    return data
