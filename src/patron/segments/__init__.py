"""Named sets of accounts."""
