"""Imports of everything but customers: each row is made or changed as a request would, and fails by itself."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jsonapi_forms import HOME
from organizations import Organization, document, to_one
from patron.imports import rowwise
from patron.imports.work import work
from patron.jsonapi import rows
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.trading import Trade
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Invalid

ENUM = (
    "addresses", "tags", "orders", "sku_lists", "sku_list_items", "customers", "customer_addresses",
    "customer_payment_sources", "customer_subscriptions",
)  # fmt: skip


class Importer:
    """Makes imports, and has them done."""

    def __init__(self, organization: Organization, database: Database, secrets: Secrets) -> None:
        self.organization = organization
        self._database = database
        self._secrets = secrets

    async def work(self) -> None:
        await work(self._database, self._secrets, clock, Trade("patron.localhost"))

    async def run(self, type_: str, rows: Any, **more: Any) -> Any:
        """The attributes of an import that is over."""
        made = await self.organization.create("imports", resource_type=type_, inputs=rows, **more)
        await self.work()
        return (await self.organization.get(f"imports/{made['id']}")).json()["data"]["attributes"]

    async def all(self, path: str) -> list[Any]:
        return list((await self.organization.get(path)).json()["data"])


@pytest.fixture
def importer(organization: Organization, database: Database, secrets: Secrets) -> Importer:
    return Importer(organization, database, secrets)


def counts(done: Any) -> tuple[Any, ...]:
    return done["status"], done["processed_count"], done["errors_count"], done["errors_log"]


async def test_rows_make_and_change_one_of_every_type(importer: Importer) -> None:
    shop = importer.organization
    customer = (await shop.create("customers", email="jo@example.com"))["id"]
    wishes = (await shop.create("sku_lists", name="Wishes"))["id"]
    place = (await shop.create("addresses", **HOME))["id"]
    rows: dict[str, tuple[Any, Any]] = {
        "tags": ({"name": "vip"}, {"name": "VIP", "reference": "changed"}),
        "addresses": (HOME, None),
        "sku_lists": ({"name": "More", "customer_id": customer}, None),
        "sku_list_items": (
            {"sku_list_id": wishes, "sku_code": "TEA"},
            {"sku_list_id": wishes, "sku_code": "TEA", "quantity": 3},
        ),
        "customer_addresses": (
            {"customer_id": customer, "address_id": place},
            {"customer_email": "jo@example.com", "address_id": place, "reference": "changed"},
        ),
        "customer_payment_sources": (
            {"customer_id": customer, "payment_source_token": "tok"},
            {"customer_id": customer, "payment_source_token": "tok", "customer_token": "c"},
        ),
        "customer_subscriptions": (
            {"customer_id": customer, "reference": "news"},
            {"customer_email": "jo@example.com", "reference": "news", "reference_origin": "crm"},
        ),
        "orders": (
            {"number": "N1", "customer_id": customer, "total_amount_cents": 500, "tags": "vip,new"},
            {"number": "N1", "customer_email": "jo@example.com", "total_amount_cents": 700},
        ),
    }
    for type_, (first, again) in rows.items():
        before = {one["id"] for one in await importer.all(type_)}
        assert counts(await importer.run(type_, [first])) == ("completed", 1, 0, {}), type_
        made = [one for one in await importer.all(type_) if one["id"] not in before]
        assert len(made) == 1, type_
        if again is None:
            again = {"id": made[0]["id"], "reference": "changed"}
        assert counts(await importer.run(type_, [again])) == ("completed", 1, 0, {}), type_
        after = [one for one in await importer.all(type_) if one["id"] not in before]
        assert [one["id"] for one in after] == [made[0]["id"]], type_
        assert after[0]["attributes"] != made[0]["attributes"], type_
    assert rows.keys() | {"customers"} == set(ENUM)
    tagged = await importer.all("orders?filter[q][tags_name_eq]=new")
    assert [one["attributes"]["total_amount_cents"] for one in tagged] == [700]


async def test_an_order_comes_in_with_its_status_and_is_counted_once(importer: Importer) -> None:
    row = {"number": "H1", "customer_email": "old@example.com", "total_amount_cents": 900, "status": "approved",
           "_archive": 1, "line_items": [{"sku_code": "TEA"}]}  # fmt: skip
    done = await importer.run("orders", [row])
    assert counts(done) == ("completed", 1, 0, {})
    assert done["warnings_log"] == {"H1": ["is not kept here"]}
    await importer.run("orders", [row])
    (order,) = await importer.all("orders?filter[q][number_eq]=H1")
    assert (order["attributes"]["status"], order["attributes"]["archived_at"] is None) == ("approved", False)
    (customer,) = await importer.all("customers?filter[q][email_eq]=old@example.com")
    assert customer["attributes"]["total_orders_count"] == 1


async def test_objects_inside_of_rows_are_made_with_them(importer: Importer) -> None:
    csv = "customer.email,address.line_1,address.city,address.zip_code,address.country_code,address.phone,"
    csv += "address.first_name,address.last_name,address.business,reference\n"
    csv += "jo@example.com,1 High Street,Bath,BA1 1AA,GB,+44,Jo,Doe,false,home\n"
    assert counts(await importer.run("customer_addresses", csv, format="csv")) == ("completed", 1, 0, {})
    (entry,) = await importer.all("customer_addresses?filter[q][reference_eq]=home")
    assert entry["attributes"]["customer_email"] == "jo@example.com"
    lists = [{"name": "Set", "sku_list_items": [{"sku_code": "A", "quantity": 2}, {"sku_code": "B"}]}]
    assert counts(await importer.run("sku_lists", lists)) == ("completed", 1, 0, {})
    items = await importer.all("sku_list_items?sort=position")
    assert [(one["attributes"]["sku_code"], one["attributes"]["quantity"]) for one in items] == [("A", 2), ("B", 1)]


def test_dots_are_read_in_names_of_columns_only() -> None:
    row = {
        "metadata": {"a.b": 1},
        "address.city": "Bath",
        "address.geo.lat": "1",
        "name": "x.y",
        ".": 1,
        "a.": 2,
        ".b": 3,
    }
    assert rows.nested(row) == {
        "metadata": {"a.b": 1}, "address": {"city": "Bath", "geo": {"lat": "1"}}, "name": "x.y", ".": 1, "a.": 2,
        ".b": 3,
    }  # fmt: skip
    assert rows.nested({"tags": "a", "tags.name": "b"}) == {"tags": "a", "tags.name": "b"}


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text()
_SCALARS |= st.sampled_from(
    ["NaN", "Infinity", "1e999999", "9" * 5_000, '{"a": "\\u0000"}', "[" * 500, "kWjzbLyVHx", "vip,"]
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data(), type_=st.sampled_from(ENUM))
def test_whatever_a_row_holds_it_is_read_or_refused(data: st.DataObject, type_: str) -> None:
    """An import ends when its engine fails, so no row may make it fail."""
    resource = SERVED[type_]
    links = [one.name for one in resource.relationships]
    names = [one.name for one in (*resource.attributes, *resource.triggers)]
    names += ["id", "status", "tags.name", *links, *(f"{name}_id" for name in links), *(f"{one}.name" for one in links)]
    row = data.draw(st.dictionaries(st.sampled_from(names) | st.text(), _VALUES, max_size=6))
    with suppress(Invalid):
        rows.read(SERVED, type_, rows.nested(row), data.draw(st.none() | st.text()))
    Trade("patron.localhost").key(type_, row, 1)


async def test_metadata_comes_in_as_it_was_written(importer: Importer) -> None:
    kept = {"a.b": {"c.d": [1, 2.5]}}
    assert counts(await importer.run("tags", [{"name": "deep", "metadata": kept}])) == ("completed", 1, 0, {})
    (tag,) = await importer.all("tags?filter[q][name_eq]=deep")
    assert tag["attributes"]["metadata"] == kept


async def test_a_parent_is_that_of_all_rows_that_name_none(importer: Importer) -> None:
    shop = importer.organization
    wishes, other = [(await shop.create("sku_lists", name=name))["id"] for name in ("Wishes", "Other")]
    rows = [{"sku_code": "A"}, {"sku_code": "B", "sku_list_id": other}]
    assert counts(await importer.run("sku_list_items", rows, parent_resource_id=wishes))[:3] == ("completed", 2, 0)
    assert len(await importer.all(f"sku_lists/{wishes}/sku_list_items")) == 1
    market = (await importer.all("markets"))[0]["id"]
    assert counts(await importer.run("orders", [{"number": "M1"}], parent_resource_id=market))[:3] == (
        "completed",
        1,
        0,
    )
    assert len(await importer.all(f"orders?filter[q][market_id_eq]={market}")) == 1
    for type_, parent in (("tags", wishes), ("sku_list_items", "nothing")):
        given = {"resource_type": type_, "inputs": [{"name": "x"}], "parent_resource_id": parent}
        answer = await shop.call("POST", "imports", document("imports", given))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["source"]["pointer"] == "/data/attributes/parent_resource_id"


BAD: list[tuple[str, Any, str, str]] = [
    ("tags", {"name": "no spaces!"}, "name", "is invalid: letters, digits and _ - : only"),
    ("tags", {"name": "x", "colour": "red"}, "colour", "is no attribute of tags"),
    ("tags", {"id": "nothing"}, "id", "must exist"),
    ("tags", {}, "name", "can't be blank"),
    ("addresses", {**HOME, "city": ""}, "city", "can't be blank"),
    ("orders", {"number": "B1", "customer_id": "nobody"}, "customer", "must exist"),
    ("orders", {"number": "B2", "status": "placed"}, "customer", "can't be blank"),
    ("orders", {"number": "B3", "status": "lost"}, "status", "is not included in the list"),
    ("orders", {"number": "B4", "total_amount_cents": "many"}, "total_amount_cents", "is not a valid integer"),
    ("orders", {"number": "B5", "total_amount_float": 5}, "total_amount_float", "cannot be written"),
    ("sku_list_items", {"sku_code": "A"}, "sku_list", "can't be blank"),
    ("sku_lists", {"name": "L", "sku_list_items": [{"quantity": 0, "sku_code": "A"}]}, "quantity", "must be between"),
    ("customer_subscriptions", {"reference": "news"}, "customer_email", "can't be blank"),
    ("customer_payment_sources", {"payment_source_token": "t"}, "customer", "can't be blank"),
]


@pytest.mark.parametrize(("type_", "row", "field", "message"), BAD)
async def test_a_bad_row_is_told_and_leaves_nothing(
    importer: Importer, type_: str, row: Any, field: str, message: str
) -> None:
    before = await importer.all(type_)
    done = await importer.run(type_, [row])
    assert (done["status"], done["errors_count"], done["processed_count"]) == ("interrupted", 1, 0)
    (told,) = done["errors_log"].values()
    assert any(message in one for one in told[field]), told
    assert await importer.all(type_) == before


async def test_good_rows_stay_beside_bad_ones(importer: Importer) -> None:
    rows = [{"name": f"tag-{number}"} for number in range(230)] + [{"name": "tag-7"}, "text", {"name": "a b"}]
    done = await importer.run("tags", rows)
    assert (done["status"], done["processed_count"], done["errors_count"]) == ("completed", 231, 2)
    assert done["errors_log"].keys() == {"row 232", "a b"}
    assert (await importer.organization.get("tags?page[size]=1")).json()["meta"]["record_count"] == 230


async def test_a_password_in_a_row_is_kept_apart_and_signs_the_customer_up(importer: Importer) -> None:
    shop = importer.organization
    row = {"number": "P1", "customer_email": "new@example.com", "customer_password": "open-sesame-7"}
    made = await shop.create("imports", resource_type="orders", inputs=[row])
    assert "open-sesame-7" not in str(made)
    await importer.work()
    assert (await shop.customer_ticket("new@example.com", "open-sesame-7"))["access_token"]
    inside = {"number": "P2", "customer": {"email": "x@example.com", "password": "open-sesame-7"}}
    answer = await shop.call("POST", "imports", document("imports", {"resource_type": "orders", "inputs": [inside]}))
    assert answer.status_code == 422, answer.text


async def test_ids_of_another_organization_are_ids_of_nothing(
    importer: Importer, other_organization: Organization
) -> None:
    theirs = await other_organization.create("customers", email="theirs@example.com")
    order = await other_organization.create("orders", {"customer": to_one("customers", theirs["id"])}, number="T1")
    for row, field in (({"id": order["id"], "reference": "mine"}, "id"), ({"customer_id": theirs["id"]}, "customer")):
        done = await importer.run("orders", [row])
        (told,) = done["errors_log"].values()
        assert told == {field: ["must exist"]}
    assert (await other_organization.get(f"orders/{order['id']}")).json()["data"]["attributes"]["reference"] is None


async def test_webhooks_hear_of_steps_only(importer: Importer, database: Database) -> None:
    shop = importer.organization
    hook = {"callback_url": "https://127.0.0.1:9/all"}
    for topic in ("orders.create", "orders.place", "customers.create"):
        await shop.create("webhooks", topic=topic, **hook)
    await database.session().execute("delete from event_outbox where tenant_id = $1", shop.shop.tenant_id)
    await importer.run("orders", [{"customer_email": "q@example.com", "status": "placed", "total_amount_cents": 1}])
    told = await database.session().fetch(
        "select e.topic from event_outbox o join event e on e.tenant_id = $1 and e.id = o.event_id"
        " where o.tenant_id = $1 and e.topic like 'order.%' order by e.id",
        shop.shop.tenant_id,
    )
    assert [row["topic"] for row in told] == ["order.placed"]


async def test_customers_come_in_with_tags(importer: Importer) -> None:
    known = (await importer.organization.create("tags", name="known"))["id"]
    rows = [{"email": "a@example.com", "tags": [{"name": "new"}, {"id": known}]},
            {"email": "b@example.com", "tags": "new,known"}]  # fmt: skip
    assert counts(await importer.run("customers", rows)) == ("completed", 2, 0, {})
    csv = f'email,tags.name,tags.id\nc@example.com,"new,other",{known}\n'
    assert counts(await importer.run("customers", csv, format="csv")) == ("completed", 1, 0, {})
    for name, count in (("new", 3), ("known", 3), ("other", 1)):
        assert len(await importer.all(f"customers?filter[q][tags_name_eq]={name}")) == count, name
    bad = await importer.run("customers", [{"email": "d@example.com", "tags": [{"id": "kWjzbLyVHx"}]}])
    assert "tags" in bad["errors_log"]["d@example.com"]


async def test_types_that_are_not_kept_are_refused(organization: Organization) -> None:
    for type_ in ("skus", "prices", "line_items", "webhooks"):
        answer = await organization.call(
            "POST", "imports", document("imports", {"resource_type": type_, "inputs": [{"code": "x"}]})
        )
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["source"]["pointer"], error["meta"]["error"]) == ("/data/attributes/resource_type", "inclusion")
    assert rowwise.ROWS_AT_ONCE == 100
