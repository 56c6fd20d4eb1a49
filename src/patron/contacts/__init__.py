"""The address book: people with an address that belong to an account."""
