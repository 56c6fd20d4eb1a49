"""Customers that move in and out: from files of the operator, and as jobs of the second dialect."""
