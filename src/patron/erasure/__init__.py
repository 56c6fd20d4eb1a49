"""Forgetting a customer: what says who somebody was is replaced everywhere, what was sold stays countable."""
