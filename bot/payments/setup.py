"""Opens the till for WeChat Pay by the settings, and says what is missing in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.dispatch import Dispatcher
from bot.payments.cashier import Cashier
from bot.payments.wechat import Access, WechatPay
from bot.settings import Settings
from storage.database import Database

NOTIFY = "/pay/wechat/notify"


class Unfinished(Exception):
    """WeChat Pay is wanted, but settings are missing or wrong; the words name them."""


def open_wechat(settings: Settings, database: Database, dispatcher: Dispatcher, now: Callable[[], datetime]) -> Cashier:
    """The till for WeChat Pay. Raises Unfinished."""
    key, apiv3 = settings.wechat_pay_key_file, settings.wechat_pay_apiv3_key.get_secret_value()
    wanted = {"APPID": settings.wechat_pay_appid, "KEY_FILE": key, "SERIAL": settings.wechat_pay_serial, "APIV3_KEY": apiv3}
    missing = [f"TUAN_WECHAT_PAY_{name}" for name, value in wanted.items() if not value]
    if bool(settings.wechat_pay_public_key_file) != bool(settings.wechat_pay_public_key_id):
        missing.append("TUAN_WECHAT_PAY_PUBLIC_KEY_FILE and TUAN_WECHAT_PAY_PUBLIC_KEY_ID, both or neither")
    if missing or key is None:
        raise Unfinished(f"WeChat Pay needs {', '.join(missing)}")
    if len(apiv3.encode()) != 32:
        raise Unfinished("TUAN_WECHAT_PAY_APIV3_KEY has 32 characters")
    public = settings.wechat_pay_public_key_file
    try:
        access = Access(
            mchid=settings.wechat_pay_mchid, appid=settings.wechat_pay_appid, private_key=_read(key),
            serial=settings.wechat_pay_serial, apiv3_key=apiv3, notify_url=settings.public_url + NOTIFY,
            public_key=_read(public) if public is not None else "", public_key_id=settings.wechat_pay_public_key_id,
            api=settings.wechat_pay_api,
        )
        return Cashier(database, dispatcher, WechatPay(access, now), now)
    except (OSError, ValueError) as fault:
        raise Unfinished(f"WeChat Pay: {fault}") from fault


def _read(path: Path) -> str:
    return path.expanduser().read_text("ascii")
