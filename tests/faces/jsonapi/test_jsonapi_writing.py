"""Bodies: what a document must hold, the errors with their pointers, conditions, repeated requests."""

from typing import Any

import httpx
import msgspec
import pytest

from organizations import TYPE, Organization, document, to_one


def errors(answer: httpx.Response) -> list[tuple[str, str | None]]:
    """Code and pointer of each error; their status is the answer's."""
    found = answer.json()["errors"]
    assert {one["status"] for one in found} == {str(answer.status_code)}, answer.text
    return [(one["code"], one.get("source", {}).get("pointer")) for one in found]


async def post(organization: Organization, data: Any, **attributes: Any) -> httpx.Response:
    """A POST to the customers, of raw bytes or of what becomes JSON."""
    if isinstance(data, bytes):
        headers = {"accept": TYPE, "content-type": TYPE, "authorization": f"Bearer {organization.token}"}
        return await organization.http.post("/api/customers", content=data, headers=headers)
    return await organization.call("POST", "customers", data)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"{}", b'"text"', b'{"data":null}', b'{"data":[]}', b'{"data":"x"}', b"\xff\xfe",
     b'{"data":{"type":"customers","attributes":[]}}', b'{"data":{"type":"customers","attributes":"x"}}',
     b'{"data":{"type":"customers","relationships":[1]}}', b"[" * 5_000, b'{"data":' * 500 + b"1" + b"}" * 500],
)  # fmt: skip
async def test_a_body_that_is_no_document_is_refused(organization: Organization, body: bytes) -> None:
    answer = await post(organization, body)
    assert answer.status_code == 400, answer.text
    assert errors(answer)[0][0] == "INVALID_DATA_FORMAT"


@pytest.mark.parametrize("type_", ["customer", "orders", "", None, 7, "Customers", ["customers"]])
async def test_a_type_that_does_not_belong_here_is_refused(organization: Organization, type_: Any) -> None:
    answer = await post(organization, document(type_, {"email": "a@example.com"}))
    assert (answer.status_code, errors(answer)) == (400, [("INVALID_RESOURCE", "/data/type")])


async def test_an_unknown_or_read_only_name_is_refused_and_named(organization: Organization) -> None:
    for name in ("nothing", "status", "created_at", "id", "total_orders_count", "_add_nothing", "", "a/b"):
        answer = await post(organization, document("customers", {"email": "a@example.com", name: "x"}))
        pointer = "/data/attributes/" + name.replace("/", "~1")
        assert (answer.status_code, errors(answer)) == (400, [("PARAM_NOT_ALLOWED", pointer)])
    for name in ("nothing", "orders", "email", "event_stores"):
        linked = {name: {"data": None}}
        answer = await post(organization, document("customers", {"email": "a@example.com"}, linked))
        assert (answer.status_code, errors(answer)) == (400, [("PARAM_NOT_ALLOWED", f"/data/relationships/{name}")])
    assert (await organization.get("customers")).json()["meta"]["record_count"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("email", 7), ("email", True), ("email", {}), ("email", []), ("reference", 1.5), ("metadata", "x"),
     ("metadata", [1]), ("metadata", 3), ("metadata", {"a": "\0"}), ("reference", "a\0b"), ("reference", "x" * 100_000),
     ("metadata", {"a": "x" * 30_000}), ("metadata", {"\0": 1}),
     ("email", "no address"), ("email", "x" * 400 + "@example.com")],
)  # fmt: skip
async def test_a_value_that_does_not_fit_is_told_with_its_place(
    organization: Organization, name: str, value: Any
) -> None:
    attributes = {"email": "fit@example.com", name: value}
    body = msgspec.json.encode(document("customers", attributes))
    answer = await post(organization, body)
    assert answer.status_code == 422, answer.text
    assert errors(answer) == [("VALIDATION_ERROR", f"/data/attributes/{name}")]
    error = answer.json()["errors"][0]
    assert error["detail"] == f"{name} - {error['title']}"
    assert error["meta"]["error"]


async def test_every_wrong_attribute_is_told_at_once(organization: Organization) -> None:
    answer = await post(organization, document("customers", {"email": 7, "metadata": "x", "reference": []}))
    assert sorted(errors(answer)) == [
        ("VALIDATION_ERROR", f"/data/attributes/{name}") for name in ("email", "metadata", "reference")
    ]


GROUPS, FORMAT = "customer_groups", "INVALID_DATA_FORMAT"


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ({"data": {"type": "tags", "id": "x"}}, "TYPE_MISMATCH"),
        ({"data": [{"type": GROUPS, "id": "x"}]}, FORMAT),
        ({"data": {"type": GROUPS}}, FORMAT),
        ({"data": {"type": GROUPS, "id": 7}}, FORMAT),
        ({"data": "x"}, FORMAT),
        ({}, FORMAT),
        ("x", FORMAT),
        ([], FORMAT),
    ],
)
async def test_a_relationship_that_is_none_is_refused(organization: Organization, link: Any, code: str) -> None:
    answer = await post(organization, document("customers", {"email": "a@example.com"}, {"customer_group": link}))
    assert (answer.status_code, errors(answer)[0][0]) == (400, code)


async def test_an_unknown_target_must_exist(organization: Organization, other_organization: Organization) -> None:
    foreign = await other_organization.create("customer_groups", name="Foreign")
    for id_ in ("nobody", foreign["id"], "", "\N{SNOWMAN}" * 10):
        linked = {"customer_group": to_one("customer_groups", id_)}
        answer = await post(organization, document("customers", {"email": "a@example.com"}, linked))
        assert answer.status_code == 422, answer.text
        assert errors(answer) == [("VALIDATION_ERROR", "/data/relationships/customer_group")]
    assert (await organization.get("customers")).json()["meta"]["record_count"] == 0


async def test_the_id_of_a_body_is_that_of_its_path(organization: Organization) -> None:
    one = await organization.create("customers", email="one@example.com")
    two = await organization.create("customers", email="two@example.com")
    for id_ in (two["id"], "nobody", "", None, 7):
        body = {"data": {"type": "customers", "id": id_, "attributes": {"reference": "X"}}}
        answer = await organization.call("PATCH", f"customers/{one['id']}", body)
        assert (answer.status_code, errors(answer)) == (400, [("KEY_NOT_INCLUDED_IN_URL", "/data/id")])
    kept = (await organization.get(f"customers/{one['id']}")).json()["data"]["attributes"]
    assert kept["reference"] is None


async def test_a_patch_changes_what_it_names(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    one = await organization.create("customers", email="one@example.com", reference="R", metadata={"a": 1, "b": 2})
    id_ = one["id"]
    only_links = {
        "data": {
            "type": "customers",
            "id": id_,
            "relationships": {"customer_group": to_one("customer_groups", group["id"])},
        }
    }
    assert (await organization.call("PATCH", f"customers/{id_}", only_links)).status_code == 200
    answer = await organization.patch("customers", id_, {"metadata": {"c": 3}})
    assert answer.json()["data"]["attributes"]["metadata"] == {"c": 3}
    assert answer.json()["data"]["attributes"]["reference"] == "R"
    as_attribute = await organization.patch("customers", id_, {"customer_group": None, "reference": None})
    assert as_attribute.status_code == 200, as_attribute.text
    assert as_attribute.json()["data"]["attributes"]["reference"] is None
    assert (await organization.get(f"customers/{id_}/customer_group")).json() == {"data": None}
    assert (await organization.patch("customers", id_)).status_code == 200
    refused = await organization.patch("customers", id_, {"email": None})
    assert errors(refused) == [("VALIDATION_ERROR", "/data/attributes/email")]


async def test_include_and_fields_hold_for_answers_to_changes(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    linked = {"customer_group": to_one("customer_groups", group["id"])}
    query = "include=customer_group&fields[customers]=email,customer_group&fields[customer_groups]=name"
    body = document("customers", {"email": "a@example.com"}, linked)
    answer = await organization.call("POST", f"customers?{query}", body)
    data = answer.json()["data"]
    assert answer.status_code == 201
    assert list(data["attributes"]) == ["email"]
    assert list(data["relationships"]) == ["customer_group"]
    assert answer.json()["included"][0]["attributes"] == {"name": "Friends"}
    assert answer.headers["location"] == data["links"]["self"]
    for bad in ("include=nothing", "sort=email", "page[size]=3", "filter[q][email_eq]=x", "nothing=1"):
        refused = await organization.call("POST", f"customers?{bad}", document("customers", {"email": "b@example.com"}))
        assert refused.status_code == 400
    assert (await organization.get("customers")).json()["meta"]["record_count"] == 1


async def test_a_stale_change_is_refused(organization: Organization) -> None:
    one = await organization.create("customers", email="a@example.com")
    path = f"customers/{one['id']}"
    etag = (await organization.get(path)).headers["etag"]
    changed = await organization.patch("customers", one["id"], {"reference": "1"}, if_match=etag)
    assert (changed.status_code, changed.headers["etag"] != etag) == (200, True)
    for stale in (etag, '"0"', "nonsense", ""):
        refused = await organization.patch("customers", one["id"], {"reference": "2"}, if_match=stale)
        assert (refused.status_code, errors(refused)[0][0]) == (412, "PRECONDITION_FAILED")
        gone = await organization.call("DELETE", path, if_match=stale)
        assert gone.status_code == 412
    either = await organization.patch(
        "customers", one["id"], {"reference": "3"}, if_match=f"{etag}, {changed.headers['etag']}"
    )
    assert either.status_code == 200
    assert (await organization.patch("customers", one["id"], {"reference": "4"}, if_match="*")).status_code == 200


async def test_what_one_has_is_not_sent_again(organization: Organization) -> None:
    one = await organization.create("customers", email="a@example.com")
    path = f"customers/{one['id']}"
    etag = (await organization.get(path)).headers["etag"]
    for same in (etag, f"W/{etag}", f'"0", {etag}'):
        again = await organization.get(path, if_none_match=same)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (await organization.get(path, if_none_match='"0"')).status_code == 200
    await organization.patch("customers", one["id"], {"reference": "1"})
    assert (await organization.get(path, if_none_match=etag)).status_code == 200
    included = await organization.get(f"{path}?include=customer_group", if_none_match=etag)
    assert (included.status_code, "etag" in included.headers) == (200, False)


async def test_a_request_that_is_sent_again_does_nothing_again(organization: Organization) -> None:
    body = document("customers", {"email": "once@example.com", "password": "Secret-42-word"})
    first = await organization.call("POST", "customers", body, idempotency_key="key-1")
    again = await organization.call("POST", "customers", body, idempotency_key="key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
    other = document("customers", {"email": "twice@example.com"})
    refused = await organization.call("POST", "customers", other, idempotency_key="key-1")
    assert (refused.status_code, errors(refused)[0][0]) == (422, "IDEMPOTENCY_KEY_REUSED")
    for odd in ("", "a b", "x" * 300):
        assert (await organization.call("POST", "customers", other, idempotency_key=odd)).status_code in (400, 422)
    assert (await organization.get("customers")).json()["meta"]["record_count"] == 1


async def test_a_body_that_is_too_large_is_refused(organization: Organization) -> None:
    answer = await post(
        organization, document("customers", {"email": "a@example.com", "metadata": {"a": "x" * 1_100_000}})
    )
    assert (answer.status_code, errors(answer)[0][0]) == (413, "REQUEST_TOO_LARGE")
