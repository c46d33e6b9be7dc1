"""How money comes and goes: one file per provider, and the work of handing refunds over."""
