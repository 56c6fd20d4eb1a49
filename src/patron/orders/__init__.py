"""Orders, as far as they say something about their customers: who ordered, when, for how much, and what became."""
