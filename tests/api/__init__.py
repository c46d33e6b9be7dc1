"""Scenes at the API."""
