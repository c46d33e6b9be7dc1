"""Scenes on the public pages of drops."""
