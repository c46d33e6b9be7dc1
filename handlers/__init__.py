"""The table of contents: every feature, in listening order."""

from bot.routing import Routes
from handlers import (
    clocks,
    community,
    complaints,
    faq,
    group_buy,
    hooks,
    menu,
    orders,
    polls,
    posts,
    ratings,
    referral,
    rewards,
    service,
    supply,
    vigilance,
    welcome,
)

# The first feature that understands a message answers it; a fact is heard by all, in this order.
FEATURES: tuple[Routes, ...] = (
    community.routes,
    welcome.routes,
    menu.routes,
    polls.routes,
    referral.routes,
    group_buy.routes,
    group_buy.roster_routes,
    group_buy.talk_routes,
    group_buy.value_routes,
    orders.routes,
    rewards.routes,
    vigilance.routes,
    service.routes,
    ratings.routes,
    complaints.routes,
    clocks.routes,
    faq.routes,
    posts.routes,
    supply.routes,
    hooks.routes,
)
