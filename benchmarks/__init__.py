"""Measurements: each prints a table and JSON; `make bench` runs them all."""
