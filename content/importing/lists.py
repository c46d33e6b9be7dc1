"""Reads a YAML list of rows. Every scalar is the text that was written, so that 12:30 stays 12:30."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from content.importing.refusals import Refused, Unreadable

MAX_DEPTH = 6  # a file's list, a row, its skus, one SKU, its specs, and one to spare

Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | Refused]]:
    """Each row with its line. Raises Unreadable for what is no YAML, or nested like no list of rows."""
    try:
        _check_shape(text)
        loader = Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise Unreadable("文件是空的", "the file is empty")
        if not isinstance(node, yaml.SequenceNode):
            raise Unreadable("YAML 里应当是一个列表", "the YAML should be a list of rows")
        for child in node.value:
            line = child.start_mark.line + 1
            if isinstance(child, yaml.MappingNode):
                yield line, loader.construct_object(child, deep=True)
            else:
                yield line, Refused("这一项不是「名称: 值」", "is no mapping of names to values")
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        raise Unreadable(
            f"第 {line} 行不是 YAML：{error.problem}", f"line {line} is no YAML: {error.problem}"
        ) from error
    except yaml.YAMLError as error:
        raise Unreadable("不是 YAML", "is no YAML") from error


def _check_shape(text: str) -> None:
    """Look at the events only: composing what is nested deeply ends the process, aliases grow without end."""
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable("YAML 里不能用 * 引用", "YAML aliases (*) are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable("YAML 嵌套太深", "the YAML is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
