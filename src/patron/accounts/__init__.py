"""The record of a buyer, with or without a login."""
