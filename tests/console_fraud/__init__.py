"""Scenes at the fraud queue and at the figures of referring."""
