"""Lists of SKU codes: the wish lists of customers, and lists of the shop."""
