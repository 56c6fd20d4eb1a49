"""What a request must look like to be heard at all: media types, tokens, paths, methods, hosts, haste."""

import httpx
import pytest

from organizations import TYPE, Organization
from patron.jsonapi.errors import STATUSES
from patron.jsonapi.limits import INTERVAL_SECONDS, Limits


def code(answer: httpx.Response) -> str:
    """The code of the first error, whose status must be the answer's."""
    error = answer.json()["errors"][0]
    assert error["status"] == str(answer.status_code)
    assert STATUSES[error["code"]] == answer.status_code
    assert error["title"]
    assert error["detail"]
    return str(error["code"])


@pytest.mark.parametrize("accept", [TYPE, "*/*", "application/*", f"text/html, {TYPE};q=0.8", ""])
async def test_who_takes_our_type_is_answered_in_it(organization: Organization, accept: str) -> None:
    answer = await organization.get("customers", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPE


@pytest.mark.parametrize("accept", ["text/html", "application/json", f"{TYPE};charset=utf-8", "nonsense"])
async def test_who_does_not_take_our_type_is_told_so_in_it(organization: Organization, accept: str) -> None:
    answer = await organization.get("customers", accept=accept)
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")
    assert answer.headers["content-type"] == TYPE


@pytest.mark.parametrize("type_", ["application/json", f"{TYPE}; charset=utf-8", "", "text/plain"])
async def test_a_body_of_another_type_is_not_read(organization: Organization, type_: str) -> None:
    answer = await organization.call("POST", "customers", {"data": {}}, content_type=type_)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    read = await organization.get("customers", content_type=type_)
    assert read.status_code == 200


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "Ünicode", " "])
async def test_a_token_that_is_none_is_an_invalid_token(organization: Organization, token: str) -> None:
    answer = await organization.http.get("/api/customers", headers={"authorization": f"Bearer {token}".encode()})
    assert (answer.status_code, code(answer)) == (401, "INVALID_TOKEN")
    assert answer.json()["errors"][0]["title"] == "Invalid token"
    assert answer.json()["errors"][0]["detail"] == "The access token you provided is invalid."


async def test_without_a_token_nothing_is_told(organization: Organization) -> None:
    for method, path in (("GET", "customers"), ("GET", "customers/abc"), ("POST", "customers")):
        answer = await organization.http.request(method, f"/api/{path}", headers={"content-type": TYPE})
        assert (answer.status_code, code(answer)) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    "path",
    ["customers/nobody", "customers/%00", "customers/%FF", "customers/Ünicode", "customers/" + "x" * 5_000,
     "customers/1", "customers/nobody/customer_group", "customers/nobody/relationships/tags",
     "customers/nobody/orders"],
)  # fmt: skip
async def test_an_id_that_is_none_is_not_found(organization: Organization, path: str) -> None:
    answer = await organization.get(path)
    assert (answer.status_code, code(answer)) == (404, "RECORD_NOT_FOUND")
    assert answer.json()["errors"][0]["title"] == "Record not found"


async def test_a_path_that_leads_nowhere_is_not_found(organization: Organization) -> None:
    one = await organization.create("customers", email="path@example.com")
    for path in (f"customers/{one['id']}/nothing", f"customers/{one['id']}/relationships/nothing", "customers//"):
        assert (await organization.get(path)).status_code in (200, 404)
    answer = await organization.get(f"customers/{one['id']}/relationships/nothing")
    assert code(answer) == "RECORD_NOT_FOUND"
    assert (await organization.get(f"customers/{one['id']}/")).status_code == 200


async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(organization: Organization) -> None:
    one = await organization.create("customers", email="method@example.com")
    for method, path, allowed in (
        ("PUT", "customers", "GET, HEAD, POST"),
        ("POST", f"customers/{one['id']}", "DELETE, GET, HEAD, PATCH"),
        ("PATCH", f"customers/{one['id']}/relationships/customer_group", "GET, HEAD"),
        ("DELETE", f"customers/{one['id']}/customer_group", "GET, HEAD"),
    ):
        answer = await organization.call(method, path)
        assert (answer.status_code, code(answer)) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == allowed


async def test_head_answers_as_get_does(organization: Organization) -> None:
    one = await organization.create("customers", email="head@example.com")
    for path in ("customers", f"customers/{one['id']}"):
        get, head = await organization.get(path), await organization.call("HEAD", path)
        assert head.status_code == 200
        names = ("content-type", "content-length", "etag")
        assert [head.headers.get(name) for name in names] == [get.headers.get(name) for name in names]


@pytest.mark.parametrize("host", ["acme.commercelayer.io", "auth.patron.localhost", "127.0.0.1:9999", "elsewhere"])
async def test_any_host_is_answered_and_links_stay_the_organization_s(organization: Organization, host: str) -> None:
    one = await organization.create("customers", email="host@example.com")
    answer = await organization.get(f"customers/{one['id']}", host=host)
    assert answer.json()["data"]["links"]["self"] == one["links"]["self"]


async def test_every_answer_says_how_often_one_may_ask(organization: Organization) -> None:
    for path, token in (
        ("customers", None),
        ("customers/nobody", None),
        ("customers/x/nothing", None),
        ("customers", "x"),
    ):
        answer = await organization.get(path, token=token)
        assert int(answer.headers["x-ratelimit-limit"]) > int(answer.headers["x-ratelimit-remaining"]) >= 0
        assert answer.headers["x-ratelimit-interval"] == str(INTERVAL_SECONDS)
        assert answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"


def test_who_asks_too_often_waits() -> None:
    at = [60.0]
    limits = Limits(2, clock=lambda: at[0])
    scope = {"client": ("192.0.2.1", 1)}
    assert [limits.count(scope).remaining for _ in range(3)] == [1, 0, -1]
    assert limits.count({"client": ("192.0.2.2", 1)}).remaining == 1
    at[0] = 150.0  # half of the last minute still counts
    assert limits.count(scope).remaining == -1
    at[0] = 300.0
    assert limits.count(scope).remaining == 1
