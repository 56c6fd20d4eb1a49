"""What an account did that counts: orders, returns, pick-ups, wish lists."""
