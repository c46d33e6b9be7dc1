"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    answers,
    audit,
    clocks,
    demands,
    desk,
    drops,
    faq,
    groups,
    handovers,
    hours,
    inbox,
    jobs,
    learning,
    members,
    model,
    operators,
    orders,
    outbox,
    payments,
    products,
    proposals,
    question_sets,
    reconciling,
    revisions,
    search,
    stock,
    teams,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    answers, audit, clocks, demands, desk, drops, faq, groups, handovers, hours, inbox, jobs, learning, members, model,
    operators, orders, outbox, payments, products, proposals, question_sets, reconciling, revisions, search, stock, teams,
)
