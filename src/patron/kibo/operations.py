"""All operations of this face, group by group."""

from patron.kibo import (
    accounts,
    attributes,
    audit,
    cards,
    contacts,
    customer_sets,
    definitions,
    impersonation,
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
    *attributes.OPERATIONS,
    *cards.OPERATIONS,
    *transactions.OPERATIONS,
    *segments.OPERATIONS,
    *audit.OPERATIONS,
    *definitions.OPERATIONS,
    *customer_sets.OPERATIONS,
    *tickets.OPERATIONS,
    *impersonation.OPERATIONS,
    *platform.OPERATIONS,
)
