"""Webhooks, events and event callbacks of this face, and what listeners get."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime

import httpx
import pytest_asyncio

from listeners import is_signed, topics, webhook, work
from organizations import Organization, document, to_one
from password_hooks import Merchant, answer, merchant
from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings
from stage import Clock


@pytest_asyncio.fixture(scope="module")
async def http(settings: Settings, session_clock: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    """The app as an operator runs it who allows hooks in the own network."""
    app = create_app(replace(settings, private_hooks=True), session_clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as http,
    ):
        yield http


@pytest_asyncio.fixture
async def listener() -> AsyncIterator[Merchant]:
    """Somebody who listens, and says that all is well."""
    async with merchant() as one:
        one.says = lambda _: answer("")
        yield one


async def test_a_listener_gets_the_resource_as_get_shows_it_and_signed(
    organization: Organization, listener: Merchant, database: Database, settings: Settings
) -> None:
    made = await organization.create(
        "webhooks", **webhook("customers.create", listener.url, include_resources=["customer_group"])
    )
    group = await organization.create("customer_groups", name="Friends")
    linked = {"customer_group": to_one("customer_groups", group["id"])}
    customer = await organization.create("customers", linked, email="jo@example.com", metadata={"vip": 1})

    await work(database, settings)
    await work(database, settings)

    assert topics(listener) == ["customers.create"]
    assert is_signed(listener, made["attributes"]["shared_secret"])
    shown = await organization.get(f"customers/{customer['id']}?include=customer_group")
    assert listener.asked == [shown.json()]

    stored = (await organization.get("event_callbacks?include=webhook")).json()
    # An attempt that was cut off is on record, too, without an answer.
    answered = [one for one in stored["data"] if one["attributes"]["response_code"] is not None]
    assert [one["attributes"]["response_code"] for one in answered] == ["200"]
    assert answered[0]["attributes"]["response_message"] == "OK"
    assert stored["data"][0]["attributes"]["payload"] == shown.json()
    assert stored["data"][0]["attributes"]["callback_url"] == listener.url
    assert [one["id"] for one in stored["included"]] == [made["id"]]


async def test_what_fails_is_tried_again_later_with_the_same_body(
    organization: Organization, listener: Merchant, database: Database, settings: Settings, clock: Clock
) -> None:
    made = await organization.create("webhooks", **webhook("customers.create", listener.url))
    listener.says = lambda _: answer("no", "503 Service Unavailable")
    customer = await organization.create("customers", email="jo@example.com")
    await work(database, settings, clock)
    await organization.patch("customers", customer["id"], {"reference": "R"})
    await work(database, settings, clock)
    assert len(listener.asked) == 1

    listener.says = lambda _: answer("")
    clock.advance(seconds=1.3)
    await work(database, settings, clock)
    await work(database, settings, clock)

    assert len(listener.asked) == 2
    assert listener.bodies[0] == listener.bodies[1]
    codes = (await organization.get(f"webhooks/{made['id']}/last_event_callbacks")).json()["data"]
    assert [one["attributes"]["response_code"] for one in codes] == ["503", "200"]
    read = (await organization.get(f"webhooks/{made['id']}")).json()["data"]["attributes"]
    assert (read["circuit_state"], read["circuit_failure_count"]) == ("closed", 0)


async def test_an_event_is_listed_and_sent_again_by_hand(
    organization: Organization, listener: Merchant, database: Database, settings: Settings
) -> None:
    made = await organization.create("webhooks", **webhook("customers.create", listener.url))
    customer = await organization.create("customers", email="jo@example.com")
    await work(database, settings)
    events = (await organization.get(f"customers/{customer['id']}/events")).json()["data"]
    assert [one["attributes"]["name"] for one in events] == ["customers.create"]

    again = await organization.patch("events", events[0]["id"], {"_trigger": True, "reference": "again"})
    assert again.status_code == 200, again.text
    assert again.json()["data"]["attributes"]["reference"] == "again"
    await work(database, settings)

    assert topics(listener) == ["customers.create"] * 2
    calls = (await organization.get(f"events/{events[0]['id']}/last_event_callbacks")).json()["data"]
    assert len(calls) == 2
    hooks = (await organization.get(f"events/{events[0]['id']}?include=webhooks")).json()["included"]
    assert [one["id"] for one in hooks] == [made["id"]]
    by_name = await organization.get("events?filter[q][name_eq]=customers.create")
    assert [one["id"] for one in by_name.json()["data"]] == [events[0]["id"]]


async def test_wrong_webhooks_are_refused_with_the_name_of_what_is_wrong(
    organization: Organization, listener: Merchant
) -> None:
    wrong = {
        "topic": ({"topic": "customers.party"}, "inclusion"),
        "callback_url": ({"callback_url": "ftp://example.com"}, "invalid"),
        "include_resources": ({"include_resources": ["nothing"]}, "invalid"),
        "name": ({"name": "n" * 201}, "too_long"),
    }
    for field, (given, rule) in wrong.items():
        body = document("webhooks", webhook("customers.create", listener.url) | given)
        refused = await organization.call("POST", "webhooks", body)
        assert refused.status_code == 422, refused.text
        error = refused.json()["errors"][0]
        assert (error["source"]["pointer"], error["meta"]["error"]) == (f"/data/attributes/{field}", rule)
    missing = await organization.call("POST", "webhooks", document("webhooks", {}))
    assert {one["source"]["pointer"] for one in missing.json()["errors"]} == {
        "/data/attributes/topic",
        "/data/attributes/callback_url",
    }
    assert (await organization.get("webhooks")).json()["data"] == []
    guest = await organization.guest_token()
    assert (await organization.get("webhooks", token=guest)).status_code == 401


async def test_thirty_failures_in_a_row_open_the_circuit_until_it_is_reset(
    organization: Organization, listener: Merchant, database: Database, settings: Settings, clock: Clock
) -> None:
    made = await organization.create("webhooks", **webhook("customers.create", listener.url))
    listener.says = lambda _: answer("no", "500 Wrong")
    for number in range(30):
        await organization.create("customers", email=f"jo{number}@example.com")
    for _ in range(3):
        await work(database, settings, clock)
    tried = len(listener.asked)
    assert 30 <= tried < 38
    read = (await organization.get(f"webhooks/{made['id']}")).json()["data"]["attributes"]
    assert read["circuit_state"] == "open"

    listener.says = lambda _: answer("")
    clock.advance(hours=1)
    await work(database, settings, clock)
    assert len(listener.asked) == tried

    reset = await organization.patch("webhooks", made["id"], {"_reset_circuit": True})
    state = reset.json()["data"]["attributes"]
    assert (state["circuit_state"], state["circuit_failure_count"]) == ("closed", 0)
    await work(database, settings, clock)
    assert len({body["data"]["id"] for body in listener.asked[tried:]}) == 30


async def test_what_is_removed_is_told_with_what_is_known_of_it(
    organization: Organization, listener: Merchant, database: Database, settings: Settings
) -> None:
    await organization.create("webhooks", **webhook("customers.destroy", listener.url))
    customer = await organization.create("customers", email="jo@example.com", reference="R-1")
    await organization.call("DELETE", f"customers/{customer['id']}")
    await work(database, settings)
    await work(database, settings)

    assert topics(listener) == ["customers.destroy"]
    told = listener.asked[0]["data"]
    assert (told["id"], told["type"]) == (customer["id"], "customers")
    assert told["attributes"].keys() == customer["attributes"].keys()
    assert (told["attributes"]["email"], told["attributes"]["reference"]) == ("jo@example.com", "R-1")


async def test_a_webhook_that_is_off_hears_of_nothing_and_a_strangers_is_unknown(
    organization: Organization,
    other_organization: Organization,
    listener: Merchant,
    database: Database,
    settings: Settings,
) -> None:
    made = await organization.create("webhooks", **webhook("customers.create", listener.url, _disable=True))
    assert made["attributes"]["disabled_at"] is not None
    await organization.create("customers", email="jo@example.com")
    await other_organization.create("customers", email="jo@example.com")
    on = await organization.patch("webhooks", made["id"], {"_enable": True, "_regenerate_shared_secret": True})
    shown = on.json()["data"]["attributes"]
    assert shown["disabled_at"] is None
    assert shown["shared_secret"] != made["attributes"]["shared_secret"]
    await organization.create("customers", email="kim@example.com")
    await work(database, settings)
    await work(database, settings)

    assert [body["data"]["attributes"]["email"] for body in listener.asked] == ["kim@example.com"]
    for path in (f"webhooks/{made['id']}", f"events/{made['id']}"):
        assert (await other_organization.get(path)).status_code == 404
    changed = await other_organization.patch("webhooks", made["id"], {"_disable": True})
    assert changed.status_code == 404
    stale = await organization.patch("webhooks", made["id"], {"name": "x"}, if_match='"1"')
    assert stale.status_code == 412
    assert (await organization.call("DELETE", f"webhooks/{made['id']}")).status_code == 204
    assert (await organization.get("event_callbacks")).json()["data"] == []


async def test_without_leave_private_addresses_are_never_called(
    organization: Organization, listener: Merchant, database: Database, settings: Settings
) -> None:
    await organization.create("webhooks", **webhook("customers.create", listener.url))
    await organization.create("customers", email="jo@example.com")
    await work(database, settings, private=False)
    await work(database, settings, private=False)

    assert listener.asked == []
    stored = (await organization.get("event_callbacks")).json()["data"][0]["attributes"]
    assert stored["response_code"] is None
    assert "https" in stored["response_message"]


async def test_customers_are_found_by_what_happened_to_them(organization: Organization) -> None:
    customer = await organization.create("customers", email="jo@example.com")
    await organization.create("customers", email="kim@example.com")
    await organization.patch("customers", customer["id"], {"metadata": {"vip": True}})

    found = await organization.get("customers?filter[q][events_name_eq]=customers.metadata_update")
    assert [one["id"] for one in found.json()["data"]] == [customer["id"]]


async def test_what_becomes_of_an_order_has_topics(organization: Organization) -> None:
    order = await organization.create("orders", customer_email="life@example.com", total_amount_cents=1_000)
    told = ["orders.create", "orders.pending"]
    for trigger, topic in (
        ("_place", "orders.place"), ("_place", None), ("_start_editing", "orders.start_editing"),
        ("_stop_editing", "orders.stop_editing"), ("_authorize", "orders.authorize"), ("_authorize", None),
        ("_approve", "orders.approve"), ("_capture", "orders.pay"), ("_authorize", None), ("_capture", None),
        ("_fulfill", "orders.fulfill"), ("_fulfill", None), ("_refund", "orders.refund"), ("_refresh", None),
        ("_cancel", "orders.cancel"), ("_archive", None),
    ):  # fmt: skip
        answer = await organization.patch("orders", order["id"], {trigger: True})
        assert answer.status_code == 200, answer.text
        told += [topic] if topic else []
    listed = await organization.get("events?filter[q][name_start]=orders.&sort=created_at&page[size]=25")
    assert [one["attributes"]["name"] for one in listed.json()["data"]] == told
