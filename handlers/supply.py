"""Takes over products as an external shop tells them."""

from __future__ import annotations

import json

from bot.context import Context
from bot.outside import ShopProductTold
from bot.routing import Routes
from storage import products

routes = Routes("supply")


@routes.fact(ShopProductTold)
def product_told(ctx: Context, fact: ShopProductTold) -> None:
    told = json.loads(fact.product)
    skus, product_id = told.pop("skus"), told["id"]
    is_gone = told.pop("is_deleted")
    owners = products.find_sku_owners(ctx.session, [sku["id"] for sku in skus])
    if any(owner != product_id for owner in owners.values()):
        ctx.decide("refused", "sku of another product")
        return
    if not is_gone:
        products.save(ctx.session, told, skus, ctx.now)
    elif products.find(ctx.session, product_id) is not None:
        products.remove(ctx.session, product_id, ctx.now)
    ctx.decide("done", "removed" if is_gone else "saved")
