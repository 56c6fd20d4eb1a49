"""Store credit and gift cards: a double-entry ledger of what a shop owes its customers."""
