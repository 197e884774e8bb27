"""Made-up shops, simulated from a seed and written as the export files a seller downloads.

Everything here is invented: names, addresses, numbers, texts. What was planted is told in ``planted.json``.
"""

from __future__ import annotations

from aftersales_demo.shop import Shop, simulate_shop
from aftersales_demo.spec import ShopSpec, basic_spec, demo_spec
from aftersales_demo.tables import shop_tables
from aftersales_demo.write import write_demo, write_shop

__all__ = ["Shop", "ShopSpec", "basic_spec", "demo_spec", "shop_tables", "simulate_shop", "write_demo", "write_shop"]
