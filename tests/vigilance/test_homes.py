"""Whether two addresses are one home, however they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.homes import home_of, phones_in


@pytest.mark.parametrize(
    "address",
    ["阳光花园3栋2单元501", "阳光花园3号楼2单元501室", "阳光花园 3-2-501", "杭州市西湖区阳光花园三栋二单元501", "陽光花園3棟2單元501",
     "王芳 13812345678 阳光花园3栋2单元501", "阳光花园3 栋 2 单元 501 室", "文一路100号阳光花园3幢2单元501", "阳光花园03栋2单元501室，放门口"],
)  # fmt: skip
def test_one_home_is_one_home_however_it_is_typed(address: str) -> None:
    assert home_of(address) == "阳光花园:3-2-501"


@pytest.mark.parametrize("address", ["软件园3号楼前台", "文一路", "南门自提点", "", "501", "3-2-501", "😀" * 500, "阳光花园"])
def test_what_is_no_flat_is_no_home(address: str) -> None:
    assert home_of(address) == ""


def test_neighbours_are_not_one_home() -> None:
    flats = [
        "阳光花园3栋2单元501", "阳光花园3栋2单元502", "阳光花园3栋1单元501", "阳光花园13栋2单元501", "阳光花园十二栋2单元501",
        "月光花园3栋2单元501",
    ]  # fmt: skip
    assert len({home_of(one) for one in flats}) == len(flats)


def test_phones_are_found_in_what_people_write() -> None:
    assert phones_in("王芳 138-1234-5678，或 +86 13912345678") == {"13812345678", "13912345678"}
    assert phones_in("订单 1381234567890") == frozenset()


@given(st.text(max_size=600))
def test_anything_can_be_typed(text: str) -> None:
    assert isinstance(home_of(text), str)
    assert all(len(phone) == 11 for phone in phones_in(text))
