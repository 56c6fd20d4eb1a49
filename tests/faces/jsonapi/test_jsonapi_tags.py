"""Tags: names, the relationship that is set as a whole, and the two triggers."""

from typing import Any

import pytest

from jsonapi_forms import HOME
from organizations import Organization, document, to_one
from patron.jsonapi import ids
from shops import ACCOUNTS


def _to_many(*tags: Any) -> dict[str, Any]:
    return {"tags": {"data": [{"type": "tags", "id": tag["id"]} for tag in tags]}}


async def _names(organization: Organization, customer: Any) -> set[str]:
    answer = await organization.get(f"customers/{customer['id']}/tags")
    assert answer.status_code == 200, answer.text
    return {one["attributes"]["name"] for one in answer.json()["data"]}


async def test_a_tag_is_made_in_lower_case_and_is_the_only_one_of_its_name(organization: Organization) -> None:
    made = await organization.create("tags", name="New_Campaign:1", reference="R", metadata={"a": 1})
    assert made["attributes"]["name"] == "new_campaign:1"
    assert made["attributes"]["metadata"] == {"a": 1}

    again = await organization.call("POST", "tags", document("tags", {"name": "NEW_campaign:1"}))
    assert (again.status_code, again.json()["errors"][0]["meta"]["error"]) == (422, "taken")
    changed = await organization.patch("tags", made["id"], {"name": "Old"})
    assert changed.json()["data"]["attributes"]["name"] == "old"
    listed = await organization.get("tags?filter[q][name_start]=ol&sort=-name")
    assert [one["id"] for one in listed.json()["data"]] == [made["id"]]
    stale = await organization.patch("tags", made["id"], {"name": "x"}, if_match='"1"')
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("name", "rule"),
    [("", "blank"), ("a b", "invalid"), ("über", "invalid"), ("a" * 26, "too_long"), ("a,b", "invalid")],
)
async def test_a_name_that_no_tag_can_have_is_refused(organization: Organization, name: str, rule: str) -> None:
    answer = await organization.call("POST", "tags", document("tags", {"name": name}))

    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert (error["source"]["pointer"], error["meta"]["error"]) == ("/data/attributes/name", rule)


async def test_customers_are_tagged_as_a_whole_and_by_triggers(organization: Organization) -> None:
    a, b, c = [await organization.create("tags", name=name) for name in "abc"]
    made = await organization.create("customers", _to_many(a, b), email="tagged@example.com")
    assert await _names(organization, made) == {"a", "b"}

    await organization.patch("customers", made["id"], relationships=_to_many(c))
    assert await _names(organization, made) == {"c"}
    both = await organization.patch(
        "customers", made["id"], {"_add_tags": "A, b,unknown,no good,b", "_remove_tags": "b,c,unknown"}
    )
    assert both.status_code == 200, both.text
    assert await _names(organization, made) == {"a"}
    whole = await organization.get(f"customers/{made['id']}?include=tags")
    assert whole.json()["data"]["relationships"]["tags"]["data"] == [{"type": "tags", "id": a["id"]}]
    assert [one["attributes"]["name"] for one in whole.json()["included"]] == ["a"]

    found = await organization.get(f"customers?filter[q][tags_id_in]={a['id']},{b['id']}")
    assert [one["id"] for one in found.json()["data"]] == [made["id"]]
    assert (await organization.get(f"customers?filter[tags_id]={b['id']}")).json()["data"] == []
    named = await organization.get("customers?filter[q][tags_name_eq]=a")
    assert [one["id"] for one in named.json()["data"]] == [made["id"]]

    await organization.patch("customers", made["id"], relationships=_to_many())
    assert await _names(organization, made) == set()


async def test_a_record_has_ten_tags_at_most(organization: Organization) -> None:
    tags = [await organization.create("tags", name=f"t{n}") for n in range(11)]
    made = await organization.create("customers", _to_many(*tags[:10]), email="ten@example.com")

    refused = await organization.patch("customers", made["id"], {"_add_tags": "t10"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/relationships/tags"
    swapped = await organization.patch("customers", made["id"], {"_add_tags": "t10", "_remove_tags": "t0"})
    assert swapped.status_code == 200
    assert await _names(organization, made) == {f"t{n}" for n in range(1, 11)}


async def test_a_tag_or_a_customer_that_goes_lets_go(organization: Organization) -> None:
    tag = await organization.create("tags", name="going")
    made = await organization.create("customers", _to_many(tag), email="going@example.com")
    version = (await organization.get(f"customers/{made['id']}")).headers["etag"]

    assert (await organization.call("DELETE", f"tags/{tag['id']}")).status_code == 204
    assert await _names(organization, made) == set()
    other = await organization.create("tags", name="staying")
    tagged = await organization.patch("customers", made["id"], {"_add_tags": "staying"})
    assert tagged.headers["etag"] != version
    assert (await organization.call("DELETE", f"customers/{made['id']}")).status_code == 204
    links = "select count(*) from tagging where tenant_id = $1"
    assert await organization.shop.database.session().value(links, organization.shop.tenant_id) == 0
    assert (await organization.get(f"tags/{other['id']}")).status_code == 200


async def test_the_addresses_of_a_customer_who_goes_let_go_of_their_tags(
    organization: Organization,
) -> None:
    tags = _to_many(await organization.create("tags", name="kept"))
    customer = await organization.create("customers", email="tagged@example.com")
    alone, taken_out = [await organization.create("addresses", tags, **HOME) for _ in range(2)]
    for address in (await organization.create("addresses", tags, **HOME), taken_out):
        links = {"customer": to_one("customers", customer["id"]), "address": to_one("addresses", address["id"])}
        entry = await organization.create("customer_addresses", links)
    assert (await organization.call("DELETE", f"customer_addresses/{entry['id']}")).status_code == 204
    assert (await organization.call("DELETE", f"customers/{customer['id']}")).status_code == 204
    sql = "select owner_id from tagging where tenant_id = $1 and kind = 'address'"
    left = await organization.shop.database.session().fetch(sql, organization.shop.tenant_id)
    assert [row["owner_id"] for row in left] == [ids.read(alone["id"])]


async def test_tags_are_not_for_sales_channels(organization: Organization) -> None:
    tag = await organization.create("tags", name="inner")
    guest = await organization.guest_token()
    made = await organization.create("customers", email="me@example.com", password="Secret-42-word")
    ticket = await organization.customer_ticket("me@example.com", "Secret-42-word")

    for token in (guest, ticket["access_token"]):
        assert (await organization.get("tags", token=token)).status_code == 401
        assert (await organization.get(f"tags/{tag['id']}", token=token)).status_code == 401
    own = ticket["access_token"]
    for attributes, links in (({"_add_tags": "inner"}, None), ({"_remove_tags": "inner"}, None), ({}, _to_many(tag))):
        refused = await organization.patch("customers", made["id"], attributes, links, token=own)
        assert refused.status_code == 401, refused.text
    whole = await organization.get(f"customers/{made['id']}?include=tags", token=own)
    assert whole.json()["included"] == []


async def test_another_organizations_tag_is_unknown(
    organization: Organization, other_organization: Organization
) -> None:
    foreign = await other_organization.create("tags", name="foreign")

    refused = await organization.call(
        "POST", "customers", document("customers", {"email": "f@example.com"}, _to_many(foreign))
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/relationships/tags"
    assert (await organization.get(f"tags/{foreign['id']}")).status_code == 404
    none = await organization.shop.get(ACCOUNTS, params={"filter": "emailAddress eq f@example.com"})
    assert none.json()["items"] == []
