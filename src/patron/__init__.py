"""Patron: the self-hosted customer-accounts service for commerce."""

__version__ = "0.1.0"
