"""Scenes with a language model at the far end of a socket."""
