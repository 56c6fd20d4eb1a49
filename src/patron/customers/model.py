"""A whole account."""

import msgspec

from patron.accounts.model import Account
from patron.attributes.model import Attribute
from patron.contacts.model import Contact
from patron.notes.model import Note
from patron.segments.model import Segment

CHILDREN = frozenset({"contacts", "attributes", "segments", "notes"})


class Customer(msgspec.Struct, frozen=True):
    """An account with its children. A child collection that was not asked for is None."""

    account: Account
    contacts: list[Contact] | None = None
    attributes: list[Attribute] | None = None
    segments: list[Segment] | None = None
    notes: list[Note] | None = None
