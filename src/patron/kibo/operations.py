"""All operations of this face, group by group."""

from patron.kibo import (
    accounts,
    audit,
    cards,
    contacts,
    customer_sets,
    logins,
    notes,
    passwords,
    platform,
    segments,
    sign_up,
    tickets,
    transactions,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *sign_up.OPERATIONS,
    *passwords.OPERATIONS,
    *logins.OPERATIONS,
    *contacts.OPERATIONS,
    *notes.OPERATIONS,
    *cards.OPERATIONS,
    *transactions.OPERATIONS,
    *segments.OPERATIONS,
    *audit.OPERATIONS,
    *customer_sets.OPERATIONS,
    *tickets.OPERATIONS,
    *platform.OPERATIONS,
)
