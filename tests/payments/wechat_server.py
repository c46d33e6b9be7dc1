"""A WeChat Pay of our own on a real socket: checks the merchant's signatures by itself, signs its answers, and encrypts
what it tells, as the real one does (API v3)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

MCHID, APPID, SERIAL, APIV3 = "1900000109", "wx8888888888888888", "5157F09EFDC096DE", "a1b2c3d4e5f60718293a4b5c6d7e8f90"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024"
AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')
HEAD = (
    "﻿交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
FOOT = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def certificate_of(key: RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    building = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    building = building.serial_number(x509.random_serial_number()).not_valid_before(begin)
    return building.not_valid_after(begin + timedelta(days=40 * 365)).sign(key, SHA256())


@dataclass
class Sale:
    """One number of a merchant's."""

    values: dict[str, Any]
    way: str
    state: str = "NOTPAY"
    transaction_id: str = ""
    paid_at: datetime | None = None


@dataclass
class Fault:
    """What the next calls of a path get instead of an answer."""

    status: int
    code: str
    times: int = 1


@dataclass
class WechatServer:
    """The far side. `now` is its clock."""

    now: Callable[[], datetime]
    has_public_key: bool = False
    key: RSAPrivateKey = field(default_factory=new_key)
    merchant_key: RSAPrivateKey = field(default_factory=new_key)
    sales: dict[str, Sale] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    unsigned: int = 0
    refund_state: str = "SUCCESS"
    extra_rows: dict[str, list[str]] = field(default_factory=dict)
    spoiled_answers: bool = False

    def __post_init__(self) -> None:
        self.certificate = certificate_of(self.key)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.serve(self, "GET")

            def do_POST(self) -> None:
                outer.serve(self, "POST")

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def public_pem(self) -> str:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def serial(self) -> str:
        return PUBLIC_KEY_ID if self.has_public_key else f"{self.certificate.serial_number:X}"

    # What the merchant calls.

    def serve(self, request: BaseHTTPRequestHandler, method: str) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode()
        with self._lock:
            self.calls.append(f"{method} {urlsplit(request.path).path}")
            if not self.is_signed(request.headers.get("Authorization", ""), method, request.path, body):
                self.unsigned += 1
                status, answer = 401, {"code": "SIGN_ERROR", "message": "签名错误"}
            else:
                status, answer = self.answer(method, request.path, json.loads(body) if body else {})
        data = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode() if status != 204 else b""
        request.send_response(status)
        for name, value in self.signed(data if not isinstance(answer, bytes) else b"").items():
            request.send_header(name, value)
        request.send_header("Content-Type", "application/octet-stream" if isinstance(answer, bytes) else "application/json; charset=utf-8")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def is_signed(self, authorization: str, method: str, path: str, body: str) -> bool:
        scheme, _, rest = authorization.partition(" ")
        said = dict(AUTHORIZATION.findall(rest))
        if scheme != "WECHATPAY2-SHA256-RSA2048" or said.get("mchid") != MCHID or said.get("serial_no") != SERIAL:
            return False
        words = f"{method}\n{path}\n{said['timestamp']}\n{said['nonce_str']}\n{body}\n"
        try:
            self.merchant_key.public_key().verify(base64.b64decode(said["signature"]), words.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True

    def signed(self, body: bytes, *, at: datetime | None = None, key: RSAPrivateKey | None = None, serial: str = "") -> dict[str, str]:
        stamp, nonce = str(int((at or self.now()).timestamp())), secrets.token_hex(16)
        words = f"{stamp}\n{nonce}\n".encode() + body + (b"x" if self.spoiled_answers else b"") + b"\n"
        return {
            "Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Serial": serial or self.serial,
            "Wechatpay-Signature": base64.b64encode((key or self.key).sign(words, PKCS1v15(), SHA256())).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def answer(self, method: str, target: str, given: dict[str, Any]) -> tuple[int, Any]:
        parts = urlsplit(target)
        path, asked = parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}
        for begin, fault in self.faults.items():
            if path.startswith(begin) and fault.times > 0:
                fault.times -= 1
                return fault.status, {"code": fault.code, "message": "故障"}
        if path == "/v3/certificates":
            return 200, {"data": [self.published()]}
        if path.startswith("/v3/pay/transactions/out-trade-no/"):
            number, _, more = path.removeprefix("/v3/pay/transactions/out-trade-no/").partition("/")
            return self.close(number) if more == "close" else self.query(number)
        if path.startswith("/v3/pay/transactions/"):
            return self.prepay(path.rpartition("/")[2], given)
        if path.startswith("/v3/refund/domestic/refunds"):
            return self.refund(given) if method == "POST" else self.find_refund(path.rpartition("/")[2])
        if path == "/v3/bill/tradebill":
            return self.name_bill(asked["bill_date"])
        if path == "/v3/billdownload/file":
            return 200, gzip.compress(self.bill(asked["token"]))
        return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "没有"}

    def published(self) -> dict[str, Any]:
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        pem = self.certificate.public_bytes(Encoding.PEM)
        return {
            "serial_no": f"{self.certificate.serial_number:X}", "effective_time": begin.isoformat(), "expire_time": end.isoformat(),
            "encrypt_certificate": self.encrypted(pem, "certificate"),
        }

    def encrypted(self, data: bytes, about: str) -> dict[str, str]:
        nonce = secrets.token_hex(6)
        sealed = AESGCM(APIV3.encode()).encrypt(nonce.encode(), data, about.encode())
        return {"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": about, "ciphertext": base64.b64encode(sealed).decode()}

    def prepay(self, way: str, given: dict[str, Any]) -> tuple[int, Any]:
        number, total = given["out_trade_no"], given["amount"]["total"]
        ends_at = datetime.fromisoformat(given["time_expire"])
        if given["mchid"] != MCHID or given["appid"] != APPID or type(total) is not int or total <= 0 or ends_at < self.now():
            return 400, {"code": "PARAM_ERROR", "message": "参数错误"}
        known = self.sales.get(number)
        if known is not None and (known.values != given or known.state != "NOTPAY"):
            return 400, {"code": "OUT_TRADE_NO_USED" if known.state == "NOTPAY" else "ORDERPAID", "message": "商户订单号重复"}
        if (way == "jsapi" and not given.get("payer", {}).get("openid")) or (way == "h5" and "scene_info" not in given):
            return 400, {"code": "PARAM_ERROR", "message": "参数错误"}
        self.sales[number] = known or Sale(given, way)
        mark = hashlib.sha256(number.encode()).hexdigest()[:24]
        answers = {
            "jsapi": {"prepay_id": f"wx{mark}"}, "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={mark}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{mark}"},
        }
        return 200, answers[way]

    def query(self, number: str) -> tuple[int, Any]:
        if number not in self.sales:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        return 200, self.told(number)

    def close(self, number: str) -> tuple[int, Any]:
        sale = self.sales[number]
        if sale.state != "NOTPAY":
            return 400, {"code": "ORDERPAID", "message": "订单已支付"}
        sale.state = "CLOSED"
        return 204, {}

    def refund(self, given: dict[str, Any]) -> tuple[int, Any]:
        known = self.refunds.get(given["out_refund_no"])
        if known is not None:
            return 200, known
        paid = [sale for sale in self.sales.values() if sale.transaction_id == given["transaction_id"]]
        if not paid:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "订单号不存在"}
        back = sum(one["amount"]["refund"] for one in self.refunds.values() if one["transaction_id"] == given["transaction_id"])
        total = paid[0].values["amount"]["total"]
        if given["amount"]["total"] != total or back + given["amount"]["refund"] > total:
            return 400, {"code": "INVALID_REQUEST", "message": "金额错误"}
        answer = given | {
            "refund_id": f"5030{next(self._numbers):024d}", "status": self.refund_state, "create_time": self.now().isoformat(),
            "out_trade_no": paid[0].values["out_trade_no"],
        }
        self.refunds[given["out_refund_no"]] = answer
        return 200, answer

    def find_refund(self, number: str) -> tuple[int, Any]:
        known = self.refunds.get(number)
        return (404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}) if known is None else (200, known)

    def name_bill(self, day: str) -> tuple[int, Any]:
        data = self.bill(day)
        if not data:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}
        return 200, {
            "download_url": f"{self.url}/v3/billdownload/file?token={day}", "hash_type": "SHA1",
            "hash_value": hashlib.sha1(data).hexdigest(),
        }

    def bill(self, day: str) -> bytes:
        rows = []
        for number, sale in sorted(self.sales.items()):
            if sale.paid_at is not None and self.here(sale.paid_at)[:10] == day:
                fen = sale.values["amount"]["total"]
                rows.append(self.row(self.here(sale.paid_at), sale.transaction_id, number, "SUCCESS", fen, "", 0))
        for number, back in sorted(self.refunds.items()):
            at = self.here(datetime.fromisoformat(back["create_time"]))
            if at[:10] == day:
                rows.append(self.row(at, back["transaction_id"], back["out_trade_no"], "REFUND", 0, number, back["amount"]["refund"]))
        rows += self.extra_rows.get(day, [])
        return "\r\n".join([HEAD, *rows, FOOT, f"`{len(rows)},`0.00,`0.00,`0.00,`0.00,`0.00,`0.00", ""]).encode() if rows else b""

    def row(self, at: str, transaction_id: str, number: str, state: str, fen: int, refund: str, back_fen: int) -> str:
        yuan, back = f"{fen // 100}.{fen % 100:02d}", f"{back_fen // 100}.{back_fen % 100:02d}"
        values = [
            at, APPID, MCHID, "0", "", transaction_id, number, "o", "NATIVE", state, "OTHERS", "CNY", yuan, "0.00", "", refund, back,
            "0.00", "ORIGINAL" if refund else "", "SUCCESS" if refund else "", "草莓", "", "0.01000", "0.60%", yuan, back, "",
        ]
        return ",".join(f"`{one}" for one in values)

    @staticmethod
    def here(moment: datetime) -> str:
        return moment.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")

    # What members do, and what the merchant is told of it.

    def member_pays(self, number: str) -> str:
        """The member pays; gives the transaction's id."""
        sale = self.sales[number]
        assert sale.state == "NOTPAY", sale.state
        sale.state, sale.paid_at = "SUCCESS", self.now()
        sale.transaction_id = f"4200{next(self._numbers):024d}"
        return sale.transaction_id

    def told(self, number: str) -> dict[str, Any]:
        sale = self.sales[number]
        told: dict[str, Any] = {"appid": APPID, "mchid": MCHID, "out_trade_no": number, "trade_state": sale.state}
        if sale.paid_at is not None:
            total = sale.values["amount"]["total"]
            told |= {
                "transaction_id": sale.transaction_id, "success_time": sale.paid_at.isoformat(timespec="seconds"),
                "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"},
                "payer": {"openid": "o-member"}, "trade_type": sale.way.upper(),
            }
        return told

    def notice(self, told: dict[str, Any], kind: str = "TRANSACTION.SUCCESS", **signing: Any) -> tuple[dict[str, str], bytes]:
        """A notification's headers and body."""
        about = "refund" if kind.startswith("REFUND") else "transaction"
        resource = self.encrypted(json.dumps(told, ensure_ascii=False).encode(), about) | {"original_type": about}
        body = json.dumps({
            "id": secrets.token_hex(18), "create_time": self.now().isoformat(), "resource_type": "encrypt-resource",
            "event_type": kind, "summary": "支付成功", "resource": resource,
        }, ensure_ascii=False).encode()
        return self.signed(body, **signing), body

    def refund_told(self, number: str, state: str = "SUCCESS") -> dict[str, Any]:
        back = self.refunds[number]
        return {
            "mchid": MCHID, "out_trade_no": back["out_trade_no"], "transaction_id": back["transaction_id"], "out_refund_no": number,
            "refund_id": back["refund_id"], "refund_status": state, "success_time": self.now().isoformat(),
            "amount": {"total": back["amount"]["total"], "refund": back["amount"]["refund"]},
        }
