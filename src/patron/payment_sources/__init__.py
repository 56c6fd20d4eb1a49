"""Ways to pay that need no gateway: external payments and wire transfers of orders."""
