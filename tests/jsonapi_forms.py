"""A valid body for every resource of the second face, and one of everything, for tests that walk all.

Who adds a resource adds a form here. A resource that nobody makes through the face (events) is found in its list.
"""

from dataclasses import dataclass, field
from typing import Any

from listeners import answer_for
from organizations import Organization, document, to_one
from patron.jsonapi.catalogue import SERVED
from patron.kernel.secrets import random_token

Things = dict[str, str]


@dataclass(frozen=True)
class Form:
    """How one is made: attributes (`{new}` is a new word), relationships with their types, steps taken afterwards."""

    attributes: dict[str, Any] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    change: dict[str, Any] = field(default_factory=lambda: {"reference": "changed"})


HOME = {
    "first_name": "Jo", "last_name": "Doe", "line_1": "1 Main Street", "city": "New York", "zip_code": "10001",
    "state_code": "NY", "country_code": "US", "phone": "+12125550100",
}  # fmt: skip

# In an order in which each finds what it links to.
FORMS: dict[str, Form] = {
    "customer_groups": Form({"name": "Friends {new}", "code": "{new}"}),
    "tags": Form({"name": "{new}"}),
    "markets": Form({"name": "Market {new}", "code": "{new}"}),
    "stores": Form({"name": "Store {new}", "code": "{new}"}, {"market": "markets"}),
    "customers": Form(
        {"email": "{new}@example.com", "password": "Secret-42-word"}, {"customer_group": "customer_groups"}
    ),
    "addresses": Form(HOME),
    "customer_addresses": Form({}, {"customer": "customers", "address": "addresses"}),
    "customer_subscriptions": Form({"customer_email": "{email}", "reference": "{new}"}),
    "customer_password_resets": Form(
        {"customer_email": "{email}"},
        change={"customer_password": "Secret-43-word", "_reset_password_token": "0" * 40},  # what guests may send
    ),
    "orders": Form({"currency_code": "USD", "total_amount_cents": 1_000}, {"customer": "customers"}, ("_place",)),
    "external_payments": Form({"payment_source_token": "{new}"}, {"order": "orders"}),
    "wire_transfers": Form({}, {"order": "orders"}),
    "customer_payment_sources": Form(
        {"customer_token": "{new}"}, {"customer": "customers", "payment_source": "external_payments"}
    ),
    "order_subscriptions": Form({"frequency": "weekly"}, {"source_order": "orders"}),
    "returns": Form({}, {"order": "orders"}),
    "attachments": Form({"name": "Contract"}, {"attachable": "customers"}),
    "sku_lists": Form({"name": "Wishes {new}"}, {"customer": "customers"}),
    "sku_list_items": Form({"sku_code": "{new}"}, {"sku_list": "sku_lists"}),
    "webhooks": Form({"topic": "customers.create", "callback_url": "https://127.0.0.1:9/{new}"}),
    "imports": Form({"resource_type": "customers", "inputs": [{"email": "imported-{new}@example.com"}]}),
    "exports": Form({"resource_type": "customers"}),
    "events": Form(change={"_trigger": True}),
}  # fmt: skip


def filled(value: Any, words: dict[str, str]) -> Any:
    """A form with words in place of their names."""
    if isinstance(value, dict):
        return {key: filled(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, words) for one in value]
    return value.replace("{new}", words["new"]).replace("{email}", words["email"]) if isinstance(value, str) else value


def body(type_: str, things: Things) -> dict[str, Any]:
    """A document that makes one."""
    form = FORMS[type_]
    words = {"new": random_token(6).lower(), "email": things.get("email", "nobody@example.com")}
    links = {name: to_one(target, things[target]) for name, target in form.links.items()}
    return document(type_, filled(form.attributes, words), links)


def change(type_: str, id_: str) -> dict[str, Any]:
    """A document that changes one."""
    return document(type_, FORMS[type_].change, None, id_)


async def stock(organization: Organization) -> Things:
    """One of everything: its id by its type, and the customer's `email`."""
    things: Things = {}
    for type_, form in FORMS.items():
        if type_ not in SERVED or SERVED[type_].create is None:
            continue
        answer = await organization.call("POST", type_, body(type_, things))
        assert answer.status_code == 201, (type_, answer.text)
        things[type_] = answer.json()["data"]["id"]
        if type_ == "customers":
            things["email"] = answer.json()["data"]["attributes"]["email"]
        for step in form.then:
            taken = await organization.patch(type_, things[type_], {step: True})
            assert taken.status_code == 200, taken.text
    log = (await organization.get(f"customers/{things['customers']}/event_stores")).json()["data"]
    things["event_stores"] = log[0]["id"]
    things["events"] = await _told(organization)
    for type_, resource in SERVED.items():
        if type_ not in things:
            path = resource.path if resource.singleton else f"{type_}?page[size]=1"
            found = (await organization.get(path)).json()["data"]
            things[type_] = found["id"] if resource.singleton else found[0]["id"]
    return things


async def _told(organization: Organization) -> str:
    """An event that a webhook has heard of."""
    found = (await organization.get("events?filter[q][name_eq]=customers.create&page[size]=1")).json()["data"][0]
    sent = await organization.patch("events", found["id"], {"_trigger": True})
    assert sent.status_code == 200, sent.text
    await answer_for(organization)
    return str(found["id"])
