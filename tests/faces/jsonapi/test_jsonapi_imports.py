"""Imports and exports as resources: made through the face, carried out by the worker."""

from typing import Any

import msgspec

from import_files import BCRYPT
from organizations import Organization, document
from patron.imports.work import work
from patron.jsonapi.trading import Trade
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database


async def attributes(organization: Organization, path: str) -> Any:
    return (await organization.get(path)).json()["data"]["attributes"]


async def test_an_import_makes_and_changes_customers(
    organization: Organization, database: Database, secrets: Secrets
) -> None:
    group = await organization.create("customer_groups", name="Friends")
    there = await organization.create("customers", email="there@example.com", reference="OLD")
    rows = [
        {"email": "there@example.com", "reference": "NEW"},
        {"email": "new@example.com", "password": "open-sesame-7", "customer_group_id": group["id"]},
        {"email": "hashed@example.com", "password_hash": BCRYPT + "a" * 31, "metadata": {"vip": True}},
    ]
    made = await organization.create("imports", resource_type="customers", inputs=rows, reference="R1")
    assert made["attributes"]["status"] == "pending"
    assert made["attributes"]["inputs_size"] == 3
    assert "open-sesame-7" not in msgspec.json.encode(made).decode()
    await work(database, secrets, clock, Trade("patron.localhost"))
    done = await attributes(organization, f"imports/{made['id']}")
    assert (done["status"], done["processed_count"], done["errors_count"]) == ("completed", 3, 0)
    assert done["errors_log"] == {}
    assert done["completed_at"]
    assert (await attributes(organization, f"customers/{there['id']}"))["reference"] == "NEW"
    found = await organization.get("customers?filter[q][customer_group_name_eq]=Friends")
    assert [one["attributes"]["email"] for one in found.json()["data"]] == ["new@example.com"]
    assert (await organization.customer_ticket("new@example.com", "open-sesame-7"))["access_token"]
    stored = await database.session().value(
        "select sealed_passwords from import_job where tenant_id = $1", organization.shop.tenant_id
    )
    assert stored is None


async def test_more_than_a_tenth_of_errors_interrupts_unless_they_are_skipped(
    organization: Organization, database: Database, secrets: Secrets
) -> None:
    rows = [{"email": f"n{number}@example.com"} for number in range(8)] + [{"email": "bad"}, {"email": "worse"}]
    for skips, status in ((False, "interrupted"), (True, "completed")):
        made = await organization.create("imports", resource_type="customers", inputs=rows, skip_errors=skips)
        await work(database, secrets, clock, Trade("patron.localhost"))
        done = await attributes(organization, f"imports/{made['id']}")
        assert (done["status"], done["errors_count"]) == (status, 2)
        assert done["errors_log"]["bad"] == {"email": ["this is not an e-mail address"]}


async def test_rows_may_be_csv(organization: Organization, database: Database, secrets: Secrets) -> None:
    made = await organization.create(
        "imports", resource_type="customers", format="csv", inputs="email,reference\ncsv@example.com,C1\n"
    )
    assert made["attributes"]["inputs"] == [{"email": "csv@example.com", "external_id": "C1"}]
    await work(database, secrets, clock, Trade("patron.localhost"))
    found = await organization.get("customers?filter[q][email_eq]=csv@example.com")
    assert found.json()["data"][0]["attributes"]["reference"] == "C1"


async def test_a_waiting_import_is_interrupted_changed_and_removed(organization: Organization) -> None:
    made = await organization.create("imports", resource_type="customers", inputs=[{"email": "a@example.com"}])
    changed = await organization.patch("imports", made["id"], {"_interrupt": True, "reference": "R2"})
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["attributes"]["status"] == "interrupted"
    assert changed.json()["data"]["attributes"]["reference"] == "R2"
    again = await organization.patch("imports", made["id"], {"_interrupt": True})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (423, "LOCKED")
    assert (await organization.call("DELETE", f"imports/{made['id']}")).status_code == 204


async def test_bad_imports_are_refused(organization: Organization) -> None:
    bad = [
        ({"resource_type": "skus", "inputs": [{}]}, "resource_type"),
        ({"resource_type": "customers", "inputs": []}, "inputs"),
        ({"resource_type": "customers"}, "inputs"),
        ({"resource_type": "customers", "inputs": 7}, "inputs"),
        ({"resource_type": "customers", "inputs": "email"}, "inputs"),
        ({"resource_type": "customers", "inputs": [{"email": "a@b.example"}] * 10_001}, "inputs"),
        ({"resource_type": "customers", "inputs": [{}], "format": "xml"}, "format"),
        ({"resource_type": "customers", "inputs": [{}], "reference": "x" * 300}, "reference"),
    ]
    for given, field in bad:
        answer = await organization.call("POST", "imports", document("imports", given))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["source"]["pointer"] == f"/data/attributes/{field}"
    guest = await organization.guest_token()
    refused = await organization.call(
        "POST", "imports", document("imports", {"resource_type": "customers", "inputs": [{}]}), token=guest
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


async def test_an_export_is_fetched_through_a_link_for_five_minutes(
    organization: Organization, database: Database, secrets: Secrets
) -> None:
    for name in ("a", "b", "c"):
        await organization.create("customers", email=f"{name}@example.com", reference=f"R-{name}")
    made = await organization.create(
        "exports", resource_type="customers", format="csv", fields=["email", "external_id"],
        filters={"email_not_eq": "b@example.com"},
    )  # fmt: skip
    assert (made["attributes"]["status"], made["attributes"]["attachment_url"]) == ("pending", None)
    await work(database, secrets, clock, Trade("patron.localhost"))
    done = await attributes(organization, f"exports/{made['id']}")
    assert (done["status"], done["records_count"], done["processed_count"]) == ("completed", 2, 2)
    assert done["progress"] == 100
    url = done["attachment_url"]
    assert url.startswith(f"https://{organization.slug}.patron.localhost/downloads/")
    path = url.partition(".localhost")[2]
    file = await organization.http.get(path)
    assert file.status_code == 200
    assert file.text == "email,external_id\na@example.com,R-a\nc@example.com,R-c\n"
    tenant, job, ends, signature = path.removeprefix("/downloads/").split(".")
    for forged in (f"{tenant}.{job}.{int(ends) + 900}.{signature}", f"1.{job}.{ends}.{signature}", "nothing"):
        assert (await organization.http.get(f"/downloads/{forged}")).status_code == 404


async def test_exports_are_stopped_and_begun_again(
    organization: Organization, database: Database, secrets: Secrets
) -> None:
    made = await organization.create("exports", resource_type="customers")
    stopped = await organization.patch("exports", made["id"], {"_interrupt": True})
    assert stopped.json()["data"]["attributes"]["status"] == "interrupted"
    begun = await organization.patch("exports", made["id"], {"_start": True})
    assert begun.json()["data"]["attributes"]["status"] == "pending"
    await work(database, secrets, clock, Trade("patron.localhost"))
    assert (await attributes(organization, f"exports/{made['id']}"))["status"] == "completed"
    unknown = document("exports", {"resource_type": "customers", "fields": ["shoe_size"]})
    assert (await organization.call("POST", "exports", unknown)).status_code == 422
    secret = document("exports", {"resource_type": "customers", "fields": ["password_hash"]})
    assert (await organization.call("POST", "exports", secret)).status_code == 422
    listed = await organization.get("exports?filter[q][status_eq]=completed&sort=-created_at&fields[exports]=status")
    assert [one["id"] for one in listed.json()["data"]] == [made["id"]]
