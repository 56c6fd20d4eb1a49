"""Custom attributes: definitions with types, rules and vocabularies, and their values on accounts."""
