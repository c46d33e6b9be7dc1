"""Scenes of the learning loop: what the log teaches, and what operators make of it."""
