"""What staff write about an account. Never shown to shoppers."""
