"""Scenes at the desk: handovers, what the shop knows and sells, its groups, members and operators."""
