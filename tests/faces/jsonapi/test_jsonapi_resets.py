"""Resets that an application delivers itself (behaviour 5.2), and the singletons: organization and application."""

from typing import Any

import pytest

from organizations import Organization
from patron.jsonapi import ids
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from stage import Clock

PASSWORD = "Secret-42-word"
NEW = "Another-42-word"
RESETS = "customer_password_resets"


async def registered(organization: Organization) -> str:
    email = f"{random_token(6)}@example.com"
    await organization.create("customers", email=email, password=PASSWORD)
    return email


async def signs_in(organization: Organization, email: str, password: str) -> bool:
    answer = await organization.ask_token(
        grant_type="password", client_id=organization.channel, scope=organization.scope, username=email,
        password=password,
    )  # fmt: skip
    return answer.status_code == 200


def given(token: str, password: str | None = NEW) -> dict[str, Any]:
    return {"customer_password": password, "_reset_password_token": token}


def error(answer: Any) -> tuple[int, str, str]:
    (one,) = answer.json()["errors"]
    return answer.status_code, one["source"]["pointer"], one["meta"]["error"]


async def test_a_reset_sets_a_password_once(organization: Organization, database: Database) -> None:
    email = await registered(organization)
    made = await organization.create(RESETS, customer_email=email.upper(), reference="mail-1")
    shown = made["attributes"]
    assert (shown["customer_email"], shown["reset_password_at"], shown["reference"]) == (email, None, "mail-1")
    token = shown["reset_password_token"]
    assert len(token) >= 20
    rows = await database.session().fetch(
        "select r::text as line from password_reset r where r.tenant_id = $1", organization.shop.tenant_id
    )
    assert not any(token in row["line"] for row in rows)
    read = (await organization.get(f"{RESETS}/{made['id']}?include=customer")).json()
    assert read["data"]["attributes"] == {**shown, "reset_password_token": None}
    assert read["included"][0]["attributes"]["email"] == email

    ticket = await organization.customer_ticket(email, PASSWORD)
    guest = await organization.guest_token()
    for wrong in ("x" * 40, token[:-1]):
        refused = await organization.patch(RESETS, made["id"], given(wrong), token=guest)
        assert error(refused) == (422, "/data/attributes/_reset_password_token", "invalid")
    done = await organization.patch(RESETS, made["id"], given(token), token=guest)
    assert done.status_code == 200, done.text
    assert done.json()["data"]["attributes"]["reset_password_at"] is not None
    assert done.json()["data"]["attributes"]["reset_password_token"] is None
    assert await signs_in(organization, email, NEW)
    assert not await signs_in(organization, email, PASSWORD)
    gone = await organization.get(f"customers/{ticket['owner_id']}", token=ticket["access_token"])
    assert gone.status_code == 401
    again = await organization.patch(RESETS, made["id"], given(token, PASSWORD), token=guest)
    assert error(again) == (422, "/data/attributes/_reset_password_token", "invalid")


async def test_only_the_newest_reset_counts_and_only_for_six_hours(organization: Organization, clock: Clock) -> None:
    email = await registered(organization)
    old = await organization.create(RESETS, customer_email=email)
    new = await organization.create(RESETS, customer_email=email)
    refused = await organization.patch(RESETS, old["id"], given(old["attributes"]["reset_password_token"]))
    assert error(refused)[1:] == ("/data/attributes/_reset_password_token", "invalid")
    swapped = await organization.patch(RESETS, new["id"], given(old["attributes"]["reset_password_token"]))
    assert swapped.status_code == 422
    clock.advance(hours=6)
    organization.token = await organization.integration_token()
    late = await organization.patch(RESETS, new["id"], given(new["attributes"]["reset_password_token"]))
    assert error(late)[1:] == ("/data/attributes/_reset_password_token", "invalid")
    assert await signs_in(organization, email, PASSWORD)


async def test_what_is_missing_or_wrong_is_named(organization: Organization) -> None:
    email = await registered(organization)
    made = await organization.create(RESETS, customer_email=email)
    token = made["attributes"]["reset_password_token"]
    for attributes, name, rule in (
        ({"_reset_password_token": token}, "customer_password", "blank"),
        ({"customer_password": NEW}, "_reset_password_token", "blank"),
        (given(token, "short"), "customer_password", "invalid"),
    ):
        refused = await organization.patch(RESETS, made["id"], attributes)
        assert error(refused) == (422, f"/data/attributes/{name}", rule)
    await organization.create("customers", email="guest@example.com")
    for address in ("guest@example.com", "nobody@example.com", "nonsense"):
        body = {"data": {"type": RESETS, "attributes": {"customer_email": address}}}
        answer = await organization.call("POST", RESETS, body)
        assert error(answer) == (422, "/data/attributes/customer_email", "invalid")
    assert await signs_in(organization, email, PASSWORD)


async def test_sales_channels_may_only_redeem(organization: Organization) -> None:
    email = await registered(organization)
    made = await organization.create(RESETS, customer_email=email)
    guest = await organization.guest_token()
    path = f"{RESETS}/{made['id']}"
    body = {"data": {"type": RESETS, "attributes": {"customer_email": email}}}
    for method, where, sent in (
        ("GET", RESETS, None),
        ("GET", path, None),
        ("DELETE", path, None),
        ("POST", RESETS, body),
    ):
        refused = await organization.call(method, where, sent, token=guest)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    nothing = await organization.patch(RESETS, made["id"], {"metadata": {}}, token=guest)
    assert error(nothing) == (422, "/data/attributes/_reset_password_token", "blank")


async def test_a_reset_is_changed_and_withdrawn_but_not_by_others(
    organization: Organization, other_organization: Organization
) -> None:
    made = await organization.create(RESETS, customer_email=await registered(organization))
    token = made["attributes"]["reset_password_token"]
    assert (await other_organization.patch(RESETS, made["id"], given(token))).status_code == 404
    assert (await other_organization.get(f"{RESETS}/{made['id']}")).status_code == 404
    changed = await organization.patch(RESETS, made["id"], {"metadata": {"by": "desk"}})
    assert changed.json()["data"]["attributes"]["metadata"] == {"by": "desk"}
    stale = await organization.patch(RESETS, made["id"], {"metadata": {}}, if_match='"1"')
    assert stale.status_code == 412
    assert (await organization.get(f"{RESETS}?filter[q][customer_email_eq]=x")).json()["data"] == []
    assert [one["id"] for one in (await organization.get(RESETS)).json()["data"]] == [made["id"]]
    assert (await organization.call("DELETE", f"{RESETS}/{made['id']}")).status_code == 204
    assert (await organization.patch(RESETS, made["id"], given(token))).status_code == 404


async def test_a_repeated_create_gives_the_same_token(organization: Organization) -> None:
    body = {"data": {"type": RESETS, "attributes": {"customer_email": await registered(organization)}}}
    key = random_token()
    first = await organization.call("POST", RESETS, body, idempotency_key=key)
    again = await organization.call("POST", RESETS, body, idempotency_key=key)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()


@pytest.mark.parametrize("kind", ["integration", "guest"])
async def test_a_token_knows_its_organization_and_application(organization: Organization, kind: str) -> None:
    token = organization.token if kind == "integration" else await organization.guest_token()
    found = (await organization.get("organization?fields[organizations]=name,slug", token=token)).json()["data"]
    assert found["id"] == ids.shown(organization.shop.tenant_id)
    assert (found["type"], found["attributes"]["slug"]) == ("organizations", organization.slug)
    assert found["links"]["self"] == f"https://{organization.slug}.patron.localhost/api/organization"
    whole = (await organization.get("organization", token=token)).json()["data"]["attributes"]
    assert (whole["tags_max_allowed_number"], whole["metadata"]) == (10, {})
    application = (await organization.get("application?fields[addresses]=name", token=token)).json()["data"]
    expected = "integration" if kind == "integration" else "sales_channel"
    assert (application["attributes"]["kind"], application["type"]) == (expected, "applications")
    assert application["attributes"]["public_access"] is (kind == "guest")
    for id_, status in ((found["id"], (200, 401)), (application["id"], (404,)), ("x", (404,))):
        log = await organization.get(f"organization/{id_}/event_stores", token=token)
        assert log.status_code in status, id_
    assert (await organization.call("DELETE", "organization", token=token)).status_code == 405


async def test_a_reset_is_found_by_its_token(organization: Organization, other_organization: Organization) -> None:
    made = await organization.create(RESETS, customer_email=await registered(organization))
    await organization.create(RESETS, customer_email=await registered(organization))
    token = made["attributes"]["reset_password_token"]
    for asked, expected in (
        (f"filter[reset_password_token]={token}", [made["id"]]),
        (f"filter[q][reset_password_token_eq]={token}", [made["id"]]),
        (f"filter[q][reset_password_token_in]={token},other", [made["id"]]),
        (f"filter[reset_password_token]={token[:-1]}", []),
        (f"filter[q][reset_password_token_start]={token[:5]}", []),  # the token itself is not stored
        ("filter[q][reset_password_token_present]=true", []),
    ):
        found = await organization.get(f"{RESETS}?{asked}")
        assert [one["id"] for one in found.json()["data"]] == expected, asked
    foreign = await other_organization.get(f"{RESETS}?filter[reset_password_token]={token}")
    assert foreign.json()["data"] == []
