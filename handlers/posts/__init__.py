"""Posts: words we plan to say at a time, said once, within the rules of the mix."""

from handlers.posts.routes import routes

__all__ = ["routes"]
