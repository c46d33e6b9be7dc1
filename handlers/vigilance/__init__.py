"""Vigilance: notices what looks like cheating for rewards and holds them for a person to decide."""
