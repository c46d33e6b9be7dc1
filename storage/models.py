"""Every table in one place, for migrations and for comparing a database with the code."""

from storage import (
    accounts,
    answers,
    audiences,
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
    mix,
    model,
    moments,
    occurrences,
    operators,
    orders,
    outbox,
    payments,
    plans,
    posts,
    products,
    promises,
    proposals,
    question_sets,
    reconciling,
    revisions,
    search,
    stock,
    teams,
    wecom,
)
from storage.base import Base

METADATA = Base.metadata
TABLES = (
    accounts, answers, audiences, audit, clocks, demands, desk, drops, faq, groups, handovers, hours, inbox, jobs,
    learning, members, mix, model, moments, occurrences, operators, orders, outbox, payments, plans, posts, products,
    promises, proposals, question_sets, reconciling, revisions, search, stock, teams, wecom,
)
