"""Scenes of being paid through a provider."""
