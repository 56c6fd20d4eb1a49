"""Definitions of products' attributes: types, uses, vocabularies, labels in many languages. No products."""
