"""The words: an editor works here without reading Python."""
