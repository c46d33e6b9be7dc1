"""The room of the console's scenes with a stall in it, a campaign running, and somebody who refers themselves."""

from __future__ import annotations

from storage import campaigns
from storage.terms import Reward, Terms
from tests.console.conftest import Room, room
from tests.console_drops.conftest import stall
from tests.group_buy.stall import StallStage

__all__ = ["PHONE", "campaign", "rewarded", "room", "self_referral", "stall"]
PHONE = "13812345678"


def campaign(stage_room: Room, *rewards: Reward) -> str:
    """A running campaign; gives its id."""
    now = stage_room.stage.time
    with stage_room.stage.database.write() as session:
        campaigns.insert_draft(session, {
            "id": "cmp_spring", "name": "春季推荐", "starts_at": now, "ends_at": None, "created_at": now, "created_by": "周姐",
        })
        campaigns.write_terms(session, Terms(campaign_id="cmp_spring", version=1, rewards=rewards or (Reward(level=1, amount=1000),)), now, "周姐")
        campaigns.change(session, "cmp_spring", (campaigns.DRAFT,), status=campaigns.RUNNING)
    return "cmp_spring"


def rewarded(stage_room: Room) -> StallStage:
    """An open drop while a campaign runs; 李四 came into the group by 小王."""
    drop = stall(stage_room)
    campaign(stage_room)
    stage_room.stage.joins("小王")
    stage_room.stage.joins("李四", inviter="小王")
    return drop


def self_referral(stage_room: Room, drop: StallStage) -> str:
    """小王 orders, and 李四, whom 小王 brought, orders with 小王's phone and pays; gives 李四's order."""
    drop.join("小王", note=f"电话{PHONE}")
    order_id = drop.join("李四", note=f"放门口 {PHONE}")
    drop.pay(order_id)
    return order_id
