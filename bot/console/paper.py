"""Turns templates into pages: escaped always, strict about missing values, numbers and times in one form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from bot.console.assets import Assets
from content.render import money

TEMPLATES = Path(__file__).parent / "templates"


class Paper:
    """The console's templates and the filters they may use: number, share, money, time, when."""

    def __init__(self, zone: ZoneInfo, assets: Assets) -> None:
        self._zone = zone
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["asset"] = assets.url
        self._environment.filters |= {
            "number": number,
            "share": share,
            "money": money,
            "spark": spark,
            "time": self.time,
            "when": self._when,
        }

    def render(self, template: str, values: dict[str, Any]) -> str:
        """Raises jinja2.UndefinedError when the template asks for something it was not given."""
        return self._environment.get_template(template).render(values)

    def time(self, moment: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
        """A moment in the shop's time zone; a dash for none."""
        return "–" if moment is None else moment.astimezone(self._zone).strftime(form)

    @pass_context
    def _when(self, context: Context, moment: datetime | None) -> str:
        """A moment as short as it stays clear: 14:03 today, 12-31 14:03 this year, else with the year."""
        if moment is None:
            return "–"
        local, today = moment.astimezone(self._zone), context["now"].astimezone(self._zone)
        if local.date() == today.date():
            return local.strftime("%H:%M")
        return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def number(value: float | None) -> str:
    """12345 → 12,345; a dash for none."""
    return "–" if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """0.256 → 26%; a dash for none."""
    return "–" if value is None else f"{value:.0%}"


def spark(values: Sequence[float | None], width: float = 100, height: float = 28) -> str:
    """Values as the points of an SVG polyline, oldest left, the greatest at the top; none counts as zero."""
    known = [value or 0 for value in values]
    top, step = max([*known, 0]) or 1, width / max(len(known) - 1, 1)
    return " ".join(
        f"{at * step:.1f},{height - 2 - (height - 4) * value / top:.1f}" for at, value in enumerate(known)
    )
