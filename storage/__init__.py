"""The memory: one file per noun, its table on top and its queries underneath."""
