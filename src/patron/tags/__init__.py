"""Tags: short names that a shop puts on customers and other records."""
