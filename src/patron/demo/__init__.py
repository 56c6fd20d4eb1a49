"""The demo shop and its made-up customers: what `make serve` shows to a newcomer, and data for tests and benchmarks.

`python -m patron.demo` makes the shop in an empty database and writes its credentials to `SHOP_FILE`.
"""

SHOP_FILE = "demo-shop.json"
