"""The words of the audit log: paths lead to properties of bodies, topics to sentences."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from patron.accounts.model import AUDITED
from patron.cards import model as cards
from patron.contacts import model as contacts
from patron.kernel.events import TOPICS
from patron.kibo.account_bodies import CustomerAccount
from patron.kibo.audit import WORDS
from patron.kibo.cards import Card
from patron.kibo.contacts import CustomerContact
from patron.kibo.transactions import Transaction
from patron.kibo.visits import Visit
from patron.transactions import model as transactions
from patron.visits import model as visits


def wire_path(noun: str, name: str) -> str:
    """How the audit log spells a field."""
    return WORDS.get(f"{noun}/{name}" if noun else name) or "".join(w.capitalize() for w in name.split("_"))


@pytest.mark.parametrize(
    ("noun", "names", "body"),
    [
        (
            "",
            [
                *AUDITED,
                "order_count",
                "order_total",
                "last_order_at",
                "wishlist_count",
                "is_locked",
                "has_external_password",
            ],
            CustomerAccount,
        ),
        ("contact", contacts.Details.__struct_fields__, CustomerContact),
        ("card", cards.Details.__struct_fields__, Card),
        ("transaction", transactions.Details.__struct_fields__[1:], Transaction),
        ("visit", [path.rpartition("/")[2] for path in visits.paths("id").values()], Visit),
    ],
)
def test_every_path_leads_to_a_property_of_the_body(noun: str, names: list[str], body: type) -> None:
    for name in names:
        inner: Any = body
        for word in wire_path(noun, name).split("/"):
            if word == "Types":
                break
            properties = {f.encode_name.lower(): f.type for f in msgspec.structs.fields(inner)}
            assert word.lower() in properties, (noun, name)
            inner = next((t for t in _parts(properties[word.lower()]) if issubclass(t, msgspec.Struct)), None)


def _parts(type_: Any) -> Iterator[type]:
    if isinstance(type_, type):
        yield type_
    for one in getattr(type_, "__args__", ()):
        yield from _parts(one)


def test_every_topic_has_a_sentence() -> None:
    assert all(sentence and sentence[0].isupper() for sentence in TOPICS.values())
