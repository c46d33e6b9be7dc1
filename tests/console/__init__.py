"""Scenes at the operator's desk."""
