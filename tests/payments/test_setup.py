"""WeChat Pay by the settings: all of them or a sentence that names what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.app import Operator, build, open_database
from bot.payments.setup import Unfinished, open_wechat
from bot.settings import Settings
from tests.payments.wechat_server import APIV3, APPID, MCHID, SERIAL, new_key, private_pem
from tests.stage import Stage


def settings(home: Path, **values: object) -> Settings:
    (home / "key.pem").write_text(private_pem(new_key()), "ascii")
    given = {
        "wechat_pay_mchid": MCHID, "wechat_pay_appid": APPID, "wechat_pay_key_file": home / "key.pem", "wechat_pay_serial": SERIAL,
        "wechat_pay_apiv3_key": APIV3, "home": home, "demo": False, "base_url": "https://shop.example",
    }
    return Settings(_env_file=None, **(given | values))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"wechat_pay_serial": ""}, "TUAN_WECHAT_PAY_SERIAL"), ({"wechat_pay_apiv3_key": "short"}, "32 characters"),
        ({"wechat_pay_key_file": Path("/nowhere/key.pem")}, "key.pem"), ({"wechat_pay_public_key_id": "PUB_KEY_ID_1"}, "both or neither"),
    ],
)
def test_what_is_missing_is_named(stage: Stage, tmp_path: Path, values: dict[str, object], words: str) -> None:
    with pytest.raises(Unfinished, match=words):
        open_wechat(settings(tmp_path, **values), stage.database, stage.dispatcher, lambda: stage.time)


def test_the_whole_operator_takes_notifications_only_where_it_is_set_up(tmp_path: Path) -> None:
    for values, status in (({}, 401), ({"wechat_pay_mchid": ""}, 404)):
        given = settings(tmp_path, **values)
        open_database(given)
        operator = Operator(given)
        with TestClient(build(given, operator)) as client:
            assert client.post("/pay/wechat/notify", content=b"{}").status_code == status
