"""Exports of everything but customers: what the file holds, what is refused, and that it imports again."""

import csv
import io
from typing import Any

import msgspec
import pytest

from jsonapi_forms import FORMS, stock
from organizations import Organization, document, to_one
from patron.imports.work import work
from patron.jsonapi import trading
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.trading import Trade
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database


class Exporter:
    """Makes exports, has them done, and fetches their files."""

    def __init__(self, organization: Organization, database: Database, secrets: Secrets) -> None:
        self.organization = organization
        self._database = database
        self._secrets = secrets

    async def work(self) -> None:
        await work(self._database, self._secrets, clock, Trade("patron.localhost"))

    async def done(self, type_: str, **more: Any) -> Any:
        """The attributes of an export that is over."""
        made = await self.organization.create("exports", resource_type=type_, **more)
        await self.work()
        return (await self.organization.get(f"exports/{made['id']}")).json()["data"]["attributes"]

    async def text(self, type_: str, **more: Any) -> str:
        """The file of an export."""
        done = await self.done(type_, **more)
        assert done["status"] == "completed", done
        file = await self.organization.http.get(done["attachment_url"].partition(".localhost")[2])
        assert file.status_code == 200
        assert f'filename="{type_}.' in file.headers["content-disposition"]
        return file.text

    async def records(self, type_: str, **more: Any) -> list[Any]:
        return [msgspec.json.decode(line) for line in (await self.text(type_, **more)).splitlines()]

    async def table(self, type_: str, **more: Any) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(await self.text(type_, format="csv", **more))))


@pytest.fixture
def exporter(organization: Organization, database: Database, secrets: Secrets) -> Exporter:
    return Exporter(organization, database, secrets)


async def buyer(organization: Organization, email: str, *numbers: str, tags: tuple[str, ...] = ()) -> str:
    """A customer with an order of each number."""
    customer = (await organization.create("customers", email=email))["id"]
    linked = {"customer": to_one("customers", customer)}
    if tags:
        linked["tags"] = {"data": [{"type": "tags", "id": one} for one in tags]}
    for number in numbers:
        await organization.create("orders", linked, number=number, total_amount_cents=900)
    return customer


def without_ids(record: dict[str, Any]) -> dict[str, Any]:
    """What another organization can take of a record."""
    return {name: value for name, value in record.items() if not name.endswith("_id")}


EXPORTABLE = next(one.enum for one in SERVED["exports"].attributes if one.name == "resource_type")


async def test_every_type_can_be_exported_as_the_api_shows_it(exporter: Exporter) -> None:
    things = await stock(exporter.organization)
    for type_ in EXPORTABLE:
        if type_ == "customers":
            continue
        records = await exporter.records(type_)
        assert records, type_
        found = next(one for one in records if one["id"] == things[type_])
        path = SERVED[type_].path if SERVED[type_].singleton else f"{type_}/{things[type_]}"
        shown = (await exporter.organization.get(path)).json()["data"]["attributes"]
        secret = {one.name for one in SERVED[type_].attributes if one.sealed_for}
        assert {name: value for name, value in shown.items() if name in found} == {
            name: value for name, value in found.items() if name in shown
        }
        assert shown.keys() - found.keys() == secret, type_
        table = await exporter.table(type_)
        assert {one["id"] for one in table} >= {one["id"] for one in records}, type_
    assert set(FORMS) - set(EXPORTABLE) == {"imports", "exports"}


async def test_filters_fields_and_includes(exporter: Exporter) -> None:
    shop = exporter.organization
    tags = [(await shop.create("tags", name=name))["id"] for name in ("vip", "b2b")]
    jo = await buyer(shop, "jo@example.com", "A1", "A2", tags=tuple(tags))
    await buyer(shop, "ann@example.com", "B1")
    whole = await exporter.records("orders", filters={"customer_email_eq": "jo@example.com", "number_in": ["A1", "B1"]})
    assert [(one["number"], one["customer_id"]) for one in whole] == [("A1", jo)]
    some = await exporter.records("orders", fields=["number", "customer.email", "tags.name"])
    assert [(one["number"], one["customer"]) for one in some][:1] == [("A1", {"email": "jo@example.com"})]
    assert some[0].keys() == {"number", "customer", "tags"}
    included = await exporter.records(
        "orders", includes=["customer.customer_group", "tags"], filters={"number_eq": "A1"}
    )
    assert included[0]["customer"]["email"] == "jo@example.com"
    assert "customer_id" not in included[0]
    assert included[0]["customer"]["customer_group"] is None
    assert sorted(one["name"] for one in included[0]["tags"]) == ["b2b", "vip"]
    (row,) = await exporter.table(
        "orders", fields=["number", "customer.email", "tags.name"], filters={"number_eq": "A1"}
    )
    assert row["number"] == "A1"
    assert row["customer.email"] == "jo@example.com"
    assert sorted(row["tags.name"].split(",")) == ["b2b", "vip"]


async def test_dry_data_imports_again_as_it_was(exporter: Exporter, other_organization: Organization) -> None:
    shop = exporter.organization
    tag = (await shop.create("tags", name="vip"))["id"]
    await buyer(shop, "jo@example.com", "A1", "A2", tags=(tag,))
    chosen = {"dry_data": True, "includes": ["tags"], "fields": None}
    records = await exporter.records("orders", **chosen)
    assert not {"id", "created_at", "status", "coupon_code"} & records[0].keys()
    rows = [without_ids(one) for one in records]
    await other_organization.create("imports", resource_type="orders", inputs=rows)
    await exporter.work()
    theirs = Exporter(other_organization, exporter._database, exporter._secrets)
    again = await theirs.records("orders", **chosen)
    assert [without_ids(one) for one in again] == rows


async def test_a_long_export_is_written_in_parts_and_goes_on_where_it_stopped(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trading, "_AT_ONCE", (2, 1))
    for number in range(5):
        await exporter.organization.create("tags", name=f"t{number}")
    records = await exporter.records("tags", fields=["name"])
    assert [one["name"] for one in records] == [f"t{number}" for number in range(5)]
    assert (await exporter.text("tags", fields=["name"], format="csv")).splitlines() == [
        "name",
        *(f"t{n}" for n in range(5)),
    ]
    nothing = await exporter.done("tags", filters={"name_eq": "none"})
    assert (nothing["status"], nothing["records_count"], nothing["progress"]) == ("completed", 0, 100)


async def test_what_includes_bring_along_is_read_in_smaller_parts(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patron.kernel.sql.TOGETHER_MAX", 3)
    shop = exporter.organization
    for name in ("a", "b", "c"):
        made = (await shop.create("sku_lists", name=name))["id"]
        for code in ("x", "y"):
            await shop.create("sku_list_items", {"sku_list": to_one("sku_lists", made)}, sku_code=code)
    records = await exporter.records("sku_lists", includes=["sku_list_items"])
    assert [len(one["sku_list_items"]) for one in records] == [2, 2, 2]
    monkeypatch.setattr("patron.kernel.sql.TOGETHER_MAX", 1)
    failed = await exporter.done("sku_lists", includes=["sku_list_items"])
    assert failed["status"] == "failed"
    assert "would come along" in failed["errors_log"]["error"]


async def test_the_markets_of_a_token_narrow_what_jwt_filters_export(exporter: Exporter) -> None:
    shop = exporter.organization
    home = (await exporter.records("markets"))[0]["id"]
    other = (await shop.create("markets", name="Other", code="other"))["id"]
    for number, market in (("H1", home), ("O1", other)):
        await shop.create("orders", {"market": to_one("markets", market)}, number=number)
    scoped = await shop.ask_token(
        grant_type="client_credentials", client_id=shop.integration, client_secret=shop.secret,
        scope="market:code:other",
    )  # fmt: skip
    for token, filtered, numbers in (
        (scoped.json()["access_token"], True, ["O1"]),
        (scoped.json()["access_token"], False, ["H1", "O1"]),
        (shop.token, True, ["H1", "O1"]),
    ):
        shop.token = token
        records = await exporter.records("orders", jwt_filters=filtered, fields=["number"])
        assert [one["number"] for one in records] == numbers


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"resource_type": "skus"}, 422, "/data/attributes/resource_type"),
    ({"resource_type": "orders", "fields": ["shoe_size"]}, 422, "/data/attributes/fields"),
    ({"resource_type": "orders", "fields": ["nobody.id"]}, 422, "/data/attributes/fields"),
    ({"resource_type": "orders", "fields": [7]}, 422, "/data/attributes/fields"),
    ({"resource_type": "orders", "includes": ["nobody"]}, 422, "/data/attributes/includes"),
    ({"resource_type": "orders", "includes": [""]}, 422, "/data/attributes/includes"),
    ({"resource_type": "orders", "filters": {"number_eq": {"a": 1}}}, 422, "/data/attributes/filters"),
    ({"resource_type": "orders", "filters": {"colour_eq": "red"}}, 400, ""),
    ({"resource_type": "orders", "filters": {"placed_at_gt": "yesterday"}}, 400, ""),
    ({"resource_type": "webhooks", "fields": ["shared_secret"]}, 422, "/data/attributes/fields"),
]


@pytest.mark.parametrize(("given", "status", "pointer"), BAD)
async def test_bad_exports_are_refused(organization: Organization, given: Any, status: int, pointer: str) -> None:
    answer = await organization.call("POST", "exports", document("exports", given))
    assert answer.status_code == status, answer.text
    if pointer:
        assert answer.json()["errors"][0]["source"]["pointer"] == pointer


async def test_an_export_knows_its_own_organization_only(exporter: Exporter, other_organization: Organization) -> None:
    await buyer(other_organization, "theirs@example.com", "T1")
    await buyer(exporter.organization, "ours@example.com", "O1")
    records = await exporter.records("orders", includes=["customer"])
    assert [(one["number"], one["customer"]["email"]) for one in records] == [("O1", "ours@example.com")]
