"""Forms: what was written is checked by pydantic, kept when it is wrong, with the reason beside each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from bot.console.language import mark
from bot.console.visit import Visit

Model = TypeVar("Model", bound=BaseModel)

# What pydantic calls a fault, and what an operator reads; %(…)s come from pydantic's context.
FAULTS = {
    "missing": mark("请填写"),
    "string_too_short": mark("至少 %(min_length)s 个字"),
    "string_too_long": mark("最多 %(max_length)s 个字"),
    "string_pattern_mismatch": mark("格式不对"),
    "int_parsing": mark("请填写整数"),
    "int_from_float": mark("请填写整数"),
    "decimal_parsing": mark("请填写数字"),
    "float_parsing": mark("请填写数字"),
    "greater_than_equal": mark("不能小于 %(ge)s"),
    "greater_than": mark("要大于 %(gt)s"),
    "less_than_equal": mark("不能大于 %(le)s"),
    "less_than": mark("要小于 %(lt)s"),
    "literal_error": mark("请选择一项"),
    "enum": mark("请选择一项"),
    "too_long": mark("最多 %(max_length)s 项"),
    "too_short": mark("至少 %(min_length)s 项"),
    "date_from_datetime_parsing": mark("请填写日期"),
    "date_parsing": mark("请填写日期"),
}
WRONG = mark("填写有误")


@dataclass(slots=True)
class Form(Generic[Model]):
    """A form on its way: `data` when all is right, else `values` as written and `errors` by field."""

    values: Mapping[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    data: Model | None = None

    def refuse(self, name: str, message: str) -> None:
        """A fault that only an action can know, like a name already taken; the message is translated already."""
        self.errors[name] = message
        self.data = None


def blank(**values: Any) -> Form[Any]:
    """A form to be filled in, with what is there already."""
    return Form(values)


def read(visit: Visit, model: type[Model]) -> Form[Model]:
    """The visitor's form as this model. A field left empty counts as not given; list fields take every value."""
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if get_origin(info.annotation) in (list, tuple):
            values[name] = [
                value for value in visit.form.getlist(name) if isinstance(value, str) and value.strip()
            ]
            continue
        value = visit.form.get(name)
        if value is not None and not isinstance(value, UploadFile):
            values[name] = value.replace("\0", "")  # PostgreSQL keeps no such character
    given = {name: value for name, value in values.items() if not isinstance(value, str) or value.strip()}
    try:
        return Form(values, data=model.model_validate(given))
    except ValidationError as error:
        faults: dict[str, str] = {}
        for fault in error.errors(include_url=False, include_input=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            faults.setdefault(name, _told(visit, fault["type"], fault.get("ctx", {})))
        return Form(values, faults)


def _told(visit: Visit, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        # Raised by a validator of ours: its words are a marked source sentence.
        return visit.translate(str(context["error"]))
    return visit.translate(FAULTS.get(kind, WRONG), **context)
