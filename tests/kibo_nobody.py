"""Ids of things of which there is none, to fill the forms of `kibo_requests` with."""

from typing import Any


def nobody() -> dict[str, Any]:
    """Things of which there is none."""
    return {
        "account": 990_000_000_001,
        "guest": 990_000_000_006,
        "contact": 990_000_000_002,
        "factor": 990_000_000_008,
        "note": 990_000_000_003,
        "segment": 990_000_000_004,
        "ruled": 990_000_000_007,
        "tenant": 990_000_000_005,
        "card": "unknown-card",
        "transaction": "unknown-transaction",
        "visit": "unknown-visit",
        "visit_cursor": "unknown",
        "site": 990_000_000_006,
        "attribute": "tenant~unknown",
        "word": "unknown-word",
        "locale": "de-x-unknown",
        "customer_set": "unknown-set",
        "email": "unknown@example.com",
        "user": "0" * 32,
        "refresh": "0" * 64,
        "reset": "0" * 64,
        "application_refresh": "unknown",
        "client": "unknown.app.1.0.0.Release",
        "cursor": "unknown",
        "credit": "unknown-credit",
        "payment": 990_000_000_006,
    }
