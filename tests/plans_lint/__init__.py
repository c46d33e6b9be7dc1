"""The guard over reward plans, and the rules page written from them."""
