"""All settings, from TUAN_… variables or a .env file, read once and passed on."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

NUMBERS = range(2, 10)  # of further accounts of a channel
_FURTHER = re.compile(r"tuan_((?:wechaty|matrix|wecom)_[2-9]_[a-z_]+)")


class _Further(PydanticBaseSettingsSource):
    """Finds settings of further accounts, TUAN_WECHATY_2_… and so on, where the others are read too."""

    def __init__(self, settings: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        super().__init__(settings)
        self._sources = [one for one in sources if isinstance(one, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for source in self._sources:
            for name, value in source.env_vars.items():
                if value and (known := _FURTHER.fullmatch(name.lower())):
                    found[known[1]] = value
        return {"further": found}


class Settings(BaseSettings):
    """What an installation may choose; each is TUAN_<NAME> in the environment or in .env."""

    model_config = SettingsConfigDict(env_prefix="TUAN_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default=Path("data"), description="data folder: database, secret, backups")
    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(default=8700, ge=0, le=65535)
    base_url: str = Field(default="", description="public address members open, e.g. https://shop.example")
    database_url: str = Field(default="", description="empty for SQLite in the data folder, or postgresql://…")
    lanes: int = Field(default=4, ge=1, le=64, description="writing lanes on PostgreSQL")
    demo: bool = Field(default=True, description="load the demo shop on the first start")
    shop_name: str = Field(default="阳光邻里")
    bot_name: str = Field(default="小团")
    guarantees: str = Field(default="", description="what the shop guarantees, shown on drop pages, by comma: 坏果包赔,48 小时发货")
    poster_font: Path | None = Field(default=None, description="font file of posters; empty: the packaged one, then the system's")
    language: str = Field(default="zh", pattern="^(zh|en)$")
    time_zone: str = Field(default="Asia/Shanghai")
    allowed_origins: str = Field(default="", description="further origins that may open the web channel, by comma")
    metrics_token: SecretStr = Field(default=SecretStr(""), description="asked for at /metrics from other machines")
    visitor_consent: str = Field(
        default="notice", pattern="^(notice|ask|off)$",
        description="the number a browser is known by after a shared link: notice (told on a page), ask first, or off",
    )
    messages_a_minute: int = Field(default=120, ge=1, description="what one web member may say in a minute")
    log_json: bool = Field(default=False, description="structured logs as JSON lines")

    model_base_url: str = Field(default="", description="chat-completions API of the language model; empty: the library's own")
    model_key: SecretStr = Field(default=SecretStr(""), description="its key; empty: no model is ever asked")
    model_name: str = Field(default="gpt-4o-mini")
    model_embeddings_name: str = Field(default="", description="embedding model that orders what is offered; empty: none")
    model_timeout_seconds: float = Field(default=8.0, gt=0, le=8.5, description="from the question to giving up")
    model_streams: bool = Field(default=True, description="read the reply as it is written")
    model_json: str = Field(default="object", pattern="^(object|none)$", description="whether the API knows JSON mode")
    model_daily_tokens: int = Field(default=500_000, ge=0, description="the most in a day")
    model_group_daily_tokens: int = Field(default=100_000, ge=0, description="the most in a day for one group")
    model_daily_fen: int = Field(default=1_000, ge=0, description="the most in a day, in fen, by the prices below")
    model_group_daily_fen: int = Field(default=300, ge=0, description="the most in a day for one group, in fen")
    model_input_fen: int = Field(default=0, ge=0, description="price of a million tokens we send, in fen")
    model_output_fen: int = Field(default=0, ge=0, description="price of a million tokens it writes, in fen")

    matrix_homeserver: str = Field(default="", description="address of a Matrix homeserver; empty: no Matrix")
    matrix_user: str = Field(default="", description="our user there, e.g. @shop:example.org")
    matrix_token: SecretStr = Field(default=SecretStr(""), description="its access token, or else")
    matrix_password: SecretStr = Field(default=SecretStr(""), description="its password")
    wechaty_endpoint: str = Field(default="", description="host:port of a Wechaty gateway; empty: none")
    wechaty_token: SecretStr = Field(default=SecretStr(""), description="the gateway's token")
    wechaty_ca: Path | None = Field(default=None, description="PEM file of the only authority its certificate may come from")
    wechaty_insecure: bool = Field(default=False, description="speak to it without TLS; only on this machine or a private network")
    wecom_corp_id: str = Field(default="", description="WeCom: the corp id; empty: the channel is off")
    wecom_secret: SecretStr = Field(default=SecretStr(""), description="WeCom: the application's secret")
    wecom_agent_id: int = Field(default=0, ge=0, description="WeCom: the application's AgentId")
    wecom_callback_token: SecretStr = Field(default=SecretStr(""), description="WeCom: Token of «接收消息»")
    wecom_callback_key: SecretStr = Field(default=SecretStr(""), description="WeCom: EncodingAESKey of «接收消息»")
    wecom_kf_id: str = Field(default="", description="WeCom: 微信客服 accounts (open_kfid), by comma")
    wecom_staff: str = Field(default="", description="WeCom: user ids who get plans and drafts of groups without an owner")
    wecom_api: str = Field(default="https://qyapi.weixin.qq.com", description="WeCom: address of its API")

    further: dict[str, SecretStr] = Field(default={}, repr=False, description="settings of further accounts, by their names")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        usual = init_settings, env_settings, dotenv_settings, file_secret_settings
        return *usual, _Further(settings_cls, dotenv_settings, env_settings)

    def of_account(self, channel: str, number: int) -> Settings | None:
        """These settings for a further account of a channel: its own in place of the first one's, of which it takes
        none. None when it has none."""
        begin, own = f"{channel}_", f"{channel}_{number}_"
        given = {
            begin + name.removeprefix(own): value.get_secret_value()
            for name, value in self.further.items() if name.startswith(own)
        }
        if not given:
            return None
        fields = type(self).model_fields
        values = {name: field.default if name.startswith(begin) else getattr(self, name) for name, field in fields.items()}
        return type(self)(**(values | given))
    wechat_pay_mchid: str = Field(default="", description="WeChat Pay: merchant id (商户号); empty: no WeChat Pay")
    wechat_pay_appid: str = Field(default="", description="WeChat Pay: app id bound to the merchant")
    wechat_pay_key_file: Path | None = Field(default=None, description="WeChat Pay: PEM file of the merchant's private key")
    wechat_pay_serial: str = Field(default="", description="WeChat Pay: serial number of the merchant's certificate")
    wechat_pay_apiv3_key: SecretStr = Field(default=SecretStr(""), description="WeChat Pay: APIv3 key, 32 characters")
    wechat_pay_public_key_file: Path | None = Field(default=None, description="WeChat Pay: PEM file of its public key")
    wechat_pay_public_key_id: str = Field(default="", description="WeChat Pay: id of that key, PUB_KEY_ID_…")
    wechat_pay_api: str = Field(default="https://api.mch.weixin.qq.com", description="WeChat Pay: address of its API")

    hooks_in: SecretStr = Field(default=SecretStr(""), description="shops that may tell us: name=secret, by comma")
    hooks_out: str = Field(default="", description="addresses that hear of orders, by comma")
    hooks_out_secret: SecretStr = Field(default=SecretStr(""), description="what hooks to them are signed with")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'tuan.db'}"

    @property
    def has_model(self) -> bool:
        return bool(self.model_key.get_secret_value())

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def origins(self) -> frozenset[str]:
        """Origins, besides our own host, that may open a WebSocket."""
        return frozenset(origin.strip().rstrip("/") for origin in self.allowed_origins.split(",") if origin.strip())

    @property
    def hook_secrets(self) -> dict[str, str]:
        """The secret of each external shop, by its name."""
        pairs = (one.strip().partition("=") for one in self.hooks_in.get_secret_value().split(","))
        return {name.strip(): secret.strip() for name, _, secret in pairs if name and len(secret.strip()) >= 16}

    @property
    def hook_targets(self) -> list[str]:
        return [one.strip() for one in self.hooks_out.split(",") if one.strip()]

    @property
    def guaranteed(self) -> list[str]:
        """What the shop guarantees, at most six short sentences."""
        return [one.strip()[:30] for one in self.guarantees.replace("，", ",").split(",") if one.strip()][:6]

    def secret(self) -> str:
        """The installation's own secret, made on the first start and readable by its owner only."""
        path = self.home / "secret"
        try:
            return path.read_text("ascii").strip()
        except FileNotFoundError:
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = secrets.token_urlsafe(48)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(fresh)
            return fresh
