"""Sites as markets of the second dialect, and the stores below them."""
