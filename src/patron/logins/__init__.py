"""How people sign in: user names, passwords, locks, delays, resets, and the tickets that signing in gives."""
