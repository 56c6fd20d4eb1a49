"""Payment sources of an account: what the payment service lets us show, never the number."""
