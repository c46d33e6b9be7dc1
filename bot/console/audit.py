"""The audit log: which operator did what, to what, when and from where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from bot.console.language import mark
from bot.console.pages import get
from bot.console.visit import Visit
from storage import audit, operators
from storage.audit import AuditEntry
from storage.operators import ADMIN

A_PAGE, LONGEST_VALUE = 50, 160
# What an action is called; one that is not here shows its own name.
ACTIONS = {
    "handover.take": mark("接手会话"), "handover.close": mark("结束会话"), "handover.reopen": mark("重新打开会话"),
    "handover.hand_back": mark("放回队列"), "conversation.say": mark("在会话里发言"), "faq.save": mark("保存问答"),
    "faq.switch": mark("启用或停用问答"), "faq.delete": mark("删除问答"), "faq.restore": mark("恢复问答"),
    "product.save": mark("保存商品"), "product.delete": mark("删除商品"), "product.restore": mark("恢复商品"),
    "group.create": mark("新建群"), "group.save": mark("修改群设置"), "group.staff": mark("设置店员"),
    "member.note": mark("写备注"), "operator.create": mark("添加运营人员"), "operator.change": mark("修改角色"),
    "operator.reset_password": mark("重置密码"), "session.revoke": mark("让浏览器退出"),
    "operator.change_password": mark("修改密码"), "sign_in": mark("登录"), "sign_in.wrong": mark("密码输错"),
    "sign_out": mark("退出登录"), "log.export": mark("导出日志"), "demo.reset": mark("重置演示店"),
    "interaction.retry": mark("重试互动"), "interaction.retry_all": mark("重试所有搁置的互动"),
    "outbox.send_again": mark("重发一条话"), "outbox.confirm": mark("确认发送"),
    "account.invite": mark("设置入群码"), "account.greet": mark("设置欢迎语"),
    "outbox.remind": mark("提醒群主确认"),
    "outbox.mark_sent": mark("记为已发"),
    "outbox.discard": mark("不发了"), "proposal.accept": mark("采纳问答建议"), "proposal.dismiss": mark("忽略问答建议"),
    "proposal.reopen": mark("放回问答建议"), "demand.settle": mark("处理需求"), "question.add": mark("加考题"),
    "question.remove": mark("去掉考题"), "question.import": mark("导入考题"), "question.run": mark("考一遍"),
    "operator.duty": mark("上岗或下岗"), "hours.save": mark("改营业时间"), "hours.remove": mark("删营业时间"),
    "promises.save": mark("改时限"), "canned.save": mark("写快捷回复"), "canned.remove": mark("删快捷回复"),
    "post.save": mark("保存内容"), "post.duplicate": mark("复制内容"), "post.archive": mark("归档内容"),
    "post.take_out": mark("放回内容"), "post.send": mark("现在发内容"), "post.trial": mark("试发内容"),
    "plan.take_back": mark("撤回发送"), "plan.save": mark("保存计划"), "plan.pause": mark("暂停计划"),
    "plan.cancel": mark("取消计划"), "plan.resume": mark("继续计划"), "plan.approve": mark("批准计划"),
    "plan.refuse": mark("没有批准计划"), "occurrence.answer": mark("决定迟了的内容"), "occurrence.move": mark("移动一次发送"),
    "occurrence.cancel": mark("取消一次发送"), "occurrence.restore": mark("恢复一次发送"), "mix.save": mark("改配比规则"),
    "handover.note": mark("写内部备注"), "proposal.merge": mark("合并问答建议"), "proposal.part": mark("拆开问答建议"),
    "campaign.create": mark("建奖励活动"), "campaign.terms": mark("改奖励规则"), "campaign.start": mark("开始奖励活动"),
    "campaign.end": mark("结束奖励活动"), "commission.export": mark("导出佣金账本"), "payout.propose": mark("提出结算"),
    "payout.approve": mark("批准结算"), "payout.paid": mark("结算记为已付"), "payout.cancel": mark("取消结算"),
    "payout.export": mark("导出付款文件"), "dispute.open": mark("记下归因争议"), "dispute.corrected": mark("更正归因"),
    "dispute.dismissed": mark("归因维持原判"),
}
# Where a subject of this kind can be looked at.
ADDRESSES = {
    "handover": "/console/handovers/", "faq": "/console/faq/", "product": "/console/products/",
    "group": "/console/groups/", "post": "/console/posts/", "plan": "/console/calendar/plans/", "member": "/console/members/",
    "campaign": "/console/campaigns/", "payout": "/console/payouts/",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An audit entry as an operator reads it."""

    row: AuditEntry
    action: str
    url: str | None
    detail: Sequence[tuple[str, str]]


def log(visit: Visit) -> Response:
    before, who, words = visit.query("before", 18), visit.query("who", 18), visit.query("q", 80)
    with visit.read() as session:
        rows = audit.find(
            session, before_id=_number(before), limit=A_PAGE + 1, operator_id=_number(who), words=words
        )
        everybody = operators.find_all(session)
    return visit.page(
        "audit.html", entries=[_entry(visit, row) for row in rows[:A_PAGE]], people=everybody, who=_number(who),
        words=words, next_before=rows[A_PAGE - 1].id if len(rows) > A_PAGE else None, is_first=not before,
    )


def _entry(visit: Visit, row: AuditEntry) -> Entry:
    kind, _, subject_id = row.subject.partition(":")
    address = ADDRESSES.get(kind)
    known: dict[str, Any] = json.loads(row.detail)
    detail = [(name, _shortened(value)) for name, value in known.items() if value is not None]
    action = ACTIONS.get(row.action)
    return Entry(
        row, row.action if action is None else visit.translate(action),
        None if address is None else address + quote(subject_id, safe=":/"), detail,
    )


def _shortened(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


PAGES = (get("/audit", log, ADMIN),)
