"""Webhooks: who wants to hear of events, and how they are told."""
