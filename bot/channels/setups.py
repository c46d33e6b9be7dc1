"""Which settings connect each channel, and which of them are given; never what they say."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.settings import NUMBERS, Settings


class Written(BaseSettings):
    """Every line of .env, also those that are no setting of ours yet."""

    model_config = SettingsConfigDict(env_file=".env", extra="allow")


@dataclass(frozen=True, slots=True)
class Setup:
    """A channel's settings: those it needs, those it may have; each of `one_of` is enough. `page` is its document."""

    channel: str
    needs: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    page: str = ""
    number: int = 1  # which of the channel's accounts

    @property
    def account(self) -> str:
        return self.channel if self.number == 1 else f"{self.channel}-{self.number}"

    def of(self, number: int) -> Setup:
        """The same settings of a further account: TUAN_WECHATY_2_… for TUAN_WECHATY_…"""
        begin = f"TUAN_{self.channel.upper()}_"
        needs, one_of, may = (
            tuple(name.replace(begin, f"{begin}{number}_", 1) for name in names)
            for names in (self.needs, self.one_of, self.may)
        )
        return replace(self, needs=needs, one_of=one_of, may=may, number=number)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.needs, *self.one_of, *self.may)


SETUPS = (
    Setup(
        "wecom", ("TUAN_WECOM_CORP_ID", "TUAN_WECOM_SECRET", "TUAN_WECOM_CALLBACK_TOKEN", "TUAN_WECOM_CALLBACK_KEY"),
        may=("TUAN_WECOM_AGENT_ID", "TUAN_WECOM_KF_ID", "TUAN_WECOM_STAFF", "TUAN_WECOM_API"), page="docs/channels-wecom.md",
    ),
    Setup(
        "wechaty", ("TUAN_WECHATY_ENDPOINT", "TUAN_WECHATY_TOKEN"),
        may=("TUAN_WECHATY_CA", "TUAN_WECHATY_INSECURE"), page="docs/channels-wechaty.md",
    ),
    Setup(
        "matrix", ("TUAN_MATRIX_HOMESERVER", "TUAN_MATRIX_USER"), one_of=("TUAN_MATRIX_TOKEN", "TUAN_MATRIX_PASSWORD"),
        page="docs/channels-matrix.md",
    ),
)


@dataclass(frozen=True, slots=True)
class Given:
    """A channel's settings as they stand: which names are given, and which are missing before it can connect."""

    setup: Setup
    given: frozenset[str]
    missing: tuple[str, ...]

    @property
    def is_begun(self) -> bool:
        return bool(self.given.difference(self.setup.may))

    @property
    def is_complete(self) -> bool:
        return not self.missing


def look(settings: Settings) -> list[Given]:
    """Every channel's settings: what is given in the environment or in .env, and what is missing. Further accounts
    stand where somebody began one."""
    written = {name.upper(): str(value) for name, value in (Written().model_extra or {}).items()}
    found = []
    for setup in SETUPS:
        further = [_look(setup.of(number), settings, written) for number in NUMBERS]
        found += [_look(setup, settings, written), *(one for one in further if one.is_begun)]
    return found


def accounts_of(channel: str, settings: Settings) -> list[tuple[str, Settings]]:
    """The accounts of a channel that are to be connected, each with the settings it is given."""
    (setup,) = [one for one in SETUPS if one.channel == channel]
    decisive = setup.needs[0].removeprefix("TUAN_").lower()
    own = [(setup, settings), *((setup.of(number), settings.of_account(channel, number)) for number in NUMBERS)]
    return [(one.account, known) for one, known in own if known is not None and getattr(known, decisive)]


def _look(setup: Setup, settings: Settings, written: dict[str, str]) -> Given:
    given = frozenset(name for name in setup.names if _is_given(name, settings, written))
    missing = tuple(name for name in setup.needs if name not in given)
    if setup.one_of and not given.intersection(setup.one_of):
        missing += (setup.one_of[0],)
    return Given(setup, given, missing)


def _is_given(name: str, settings: Settings, written: dict[str, str]) -> bool:
    own = name.removeprefix("TUAN_").lower()
    if own in settings.further or os.environ.get(name) or written.get(name):
        return True
    known = type(settings).model_fields.get(own)
    value = getattr(settings, own, None)
    if known is None or value == known.default:
        return False
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
