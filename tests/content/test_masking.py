"""Personal data is masked, in whatever shape it is written; everyday words stay as they are."""

from __future__ import annotations

import pytest

from content.masking import masked, on_one_line

SECRETS = (
    ("我电话13812345678，几点能自提", "13812345678"),
    ("电话138 1234 5678 几点自提", "1234"),
    ("138-1234-5678", "5678"),
    ("+86 138.1234.5678", "5678"),
    ("１３８１２３４５６７８", "１２３４"),
    ("一三八一二三四五六七八", "二三四五"),
    ("座机0571-88886666", "88886666"),
    ("身份证11010119900307123X", "19900307"),
    ("卡号6222 0200 1111 2222 333", "1111"),
    ("订单号2026030212345678到哪了", "12345678"),
    ("单号 SF1234567890123", "1234567"),
    ("ord_8f3k2j9x 发货没", "8f3k2j9x"),
    ("微信号：abc_12345", "abc_12345"),
    ("加我wx hello2026", "hello2026"),
    ("vx:zhang888", "zhang888"),
    ("qq 123456", "123456"),
    ("邮箱 a.b@example.com", "a.b@"),
    ("我家在幸福路12号院5号楼", "12号"),
    ("送到阳光小区3号楼2单元501", "501"),
    ("3号楼2单元501能送吗", "501"),
    ("3-2-501能送上楼吗", "501"),
    ("住5栋1203室能送吗", "1203"),
    ("浙江省杭州市西湖区文三路90号能送吗", "90号"),
    ("地址是和平里7号", "7号"),
    ("我叫张伟，几点能自提", "张伟"),
    ("我是李小红，几点能自提", "李小红"),
    ("收件人王建国，几点到", "王建国"),
    ("姓名：赵敏 几点自提", "赵敏"),
    ("王阿姨让我问几点自提", "王阿姨"),
    ("刘先生的货几点能拿", "刘先生"),
    ("@李四 说几点能自提", "李四"),
    ("看这个 https://a.example/u/7788 几点自提", "7788"),
    ("My name is John Smith, 几点自提", "John"),
    ("138\u200b1234\u200b5678", "1234"),
    ("400-820-1234 打得通吗", "8201234"),
    ("身份证 110101 1990 0307 123x", "0307"),
    ("单号yt123456789012", "123456"),
    ("翠湖里小区12-3-501", "501"),
    ("幸福大道88号翡翠园3单元", "88号"),
    ("叫我小张,几点能自提", "小张"),
    ("我叫欧阳明月,几点能自提", "欧阳"),
    ("我叫阿飞，几点能自提", "阿飞"),
    ("微信是abc_12345", "abc_12345"),
)


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=range(len(SECRETS)))
def test_personal_data_is_masked(text: str, secret: str) -> None:
    assert secret not in masked(text)
    assert "〔" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "草莓3斤装39.9元还有吗",
        "满99元和满1000元有什么区别",
        "几点到几点能自提",
        "5楼没电梯能送上来吗",
        "12号的货到了吗",
        "买10箱有优惠吗",
        "A2牛奶还有吗",
        "积分到12月31日清零吗",
        "2026年的新米到了吗",
        "一二三月有活动吗",
        "这款是500克还是1000克",
        "微信支付可以吗",
        "我是高血压,能吃吗",
        "我是和朋友一起买的",
        "我叫外卖了",
        "有师傅电话吗",
        "石榴总是酸的吗",
        "This is terrible",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert masked(text) == text


def test_a_mask_says_what_it_hides() -> None:
    text = "我叫张伟,电话13812345678,微信abc12345,身份证11010119900307123X,住5栋1203室,邮箱a.b@example.com"
    assert masked(text) == "我叫〔姓名〕,电话〔电话〕,微信〔账号〕,身份证〔证件号〕,住〔地址〕,邮箱〔邮箱〕"


def test_given_names_are_masked_wherever_they_stand() -> None:
    assert masked("小王子说周末去", ["小王子", "王"]) == "〔姓名〕说周末去"


def test_on_one_line_mentions_go_and_the_length_is_bounded() -> None:
    assert on_one_line("@李四 \n几点\0能自提\n\n13812345678") == "几点 能自提 〔电话〕"
    assert len(on_one_line("问" * 10_000)) == 200


@pytest.mark.parametrize(
    "text", ["1" * 800, "一" * 800, "区" * 800, "市区路" * 260, "小区1号" * 200, "一楼" * 400, "@" * 800, "1-" * 400, "a" * 800, "我叫" * 400]
)
def test_every_text_comes_to_an_end(text: str) -> None:
    masked(text)
    assert len(on_one_line(text)) <= 200
