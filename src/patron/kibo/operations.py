"""All operations of this face, group by group."""

from patron.kibo import accounts, contacts, notes, platform

OPERATIONS = (*accounts.OPERATIONS, *contacts.OPERATIONS, *notes.OPERATIONS, *platform.OPERATIONS)
