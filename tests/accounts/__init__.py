"""Accounts: what they may say, how fast, and where they sit."""
