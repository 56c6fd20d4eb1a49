"""Requests that are wrong before they are anything: paths, methods, sizes and bytes, also through a real server."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from installations import CLEAN
from patron.kibo.operations import OPERATIONS
from shops import ACCOUNTS, Shop, fault
from stage import TEST_KEY

INVALID = "MISSING_OR_INVALID_PARAMETER"
NOT_FOUND = (404, "ITEM_NOT_FOUND", None)
LARGE = b'{"firstName":"' + b"x" * 10_000_000 + b'"}'


@pytest_asyncio.fixture(scope="module")
async def real(server: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the real server."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server process."""
    log = tmp_path_factory.mktemp("server") / "log"
    env = CLEAN | {"DATABASE_URL": database_url, "PATRON_SECRET_KEY": TEST_KEY, "PATRON_LOG_LEVEL": "warning"}
    with socket.create_server(("127.0.0.1", 0)) as listening, log.open("wb") as sink:
        port = listening.getsockname()[1]
        command = [sys.executable, "-P", "-m", "patron.server", str(listening.fileno())]
        process = subprocess.Popen(
            command, env=env, pass_fds=[listening.fileno()], stdout=sink, stderr=subprocess.STDOUT
        )
    try:
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
    assert_no_traceback(log)


def assert_no_traceback(log: Path) -> None:
    """Nothing that these tests send may surprise the server."""
    text = log.read_text()
    assert "Traceback" not in text, text
    assert '"level": "error"' not in text, text


async def exchange(server: str, data: bytes) -> bytes:
    """Send bytes as they are, and read until the server closes the connection."""
    address = urlsplit(server)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for at in range(0, len(data), 4_000):
        writer.write(data[at : at + 4_000])
        await asyncio.sleep(0.01 if len(data) < 100_000 else 0)  # as a network would bring it: in pieces
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def head(shop: Shop, target: bytes, method: bytes = b"GET", **headers: str) -> bytes:
    """A request without a body, as bytes."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: shop.test", b"Connection: close"]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in (shop.headers() | headers).items()]
    return b"\r\n".join([*lines, b"", b""])


def answered(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    top, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    "path",
    [
        *("/api/", "/api/nothing", "/api/commerce", "/api/commerce/customer", f"{ACCOUNTS}/1/nothing", f"{ACCOUNTS}x"),
        *(f"{ACCOUNTS}/1/contacts/2/3", "/api/api/commerce/customer/accounts", f"{ACCOUNTS}/1//contacts"),
        *("/api/commerce/customer/%2e%2e/accounts", "/api/%00", "/api/%FF", "/api/commerce%2Fcustomer%2Faccounts"),
        *("/api/commerce/customer/accounts%00", "/api/🙂", "/api/" + "x/" * 5_000),
    ],
    ids=lambda path: ascii(path[:50]),
)
async def test_an_unknown_path_is_answered_in_the_dialect(shop: Shop, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await shop.call(method, path)
        assert fault(answer) == NOT_FOUND
        nobody = await shop.http.request(method, path)
        assert fault(nobody) == NOT_FOUND


async def test_a_path_is_known_in_any_case_and_with_a_slash_at_its_end(shop: Shop) -> None:
    account = await shop.account()
    for path in (
        *(ACCOUNTS + "/", ACCOUNTS.replace("accounts", "Accounts"), "/api/COMMERCE/Customer/ACCOUNTS", ACCOUNTS + "//"),
        *(f"{ACCOUNTS}/{account['id']}/", f"{ACCOUNTS}/{account['id']}/Contacts", f"{ACCOUNTS}/{account['id']}/NOTES/"),
    ):
        assert (await shop.get(path)).status_code == 200, path


async def test_a_wrong_method_is_told_which_ones_there_are(shop: Shop) -> None:
    for method, path, allow in (
        ("DELETE", ACCOUNTS, "GET, HEAD, POST"),
        ("PATCH", ACCOUNTS, "GET, HEAD, POST"),
        ("OPTIONS", ACCOUNTS, "GET, HEAD, POST"),
        ("TRACE", ACCOUNTS, "GET, HEAD, POST"),
        ("PURGE", ACCOUNTS, "GET, HEAD, POST"),
        ("POST", f"{ACCOUNTS}/7", "DELETE, GET, HEAD, PUT"),
        ("GET", f"{ACCOUNTS}/Bulk", "POST"),
    ):
        answer = await shop.call(method, path)
        assert fault(answer) == (405, "METHOD_NOT_ALLOWED", None), (method, path)
        assert answer.headers["allow"] == allow


async def test_every_operation_is_found_and_refuses_other_methods(shop: Shop) -> None:
    for operation in OPERATIONS:
        path = "/api" + operation.path.replace("{", "").replace("}", "")
        answer = await shop.http.request("PATCH", path)
        assert fault(answer)[0] == 405, operation.key
        assert operation.method in answer.headers["allow"]


async def test_an_encoded_slash_stays_inside_its_segment(shop: Shop) -> None:
    account = await shop.account()
    one = f"{ACCOUNTS}/{account['id']}"
    made = await shop.post(f"{one}/cards", {"id": "a/b~c", "cardNumberPart": "****1111"})

    assert made.status_code == 201, made.text
    for spelled in ("a%2Fb~c", "a%2fb%7Ec", "%61%2Fb%7e%63"):
        assert (await shop.get(f"{one}/cards/{spelled}")).json()["id"] == "a/b~c"
    assert fault(await shop.get(f"{one}/cards/a/b~c")) == NOT_FOUND


async def test_head_is_answered_like_get_without_the_body(shop: Shop, server: str) -> None:
    account = await shop.account()
    path = f"{ACCOUNTS}/{account['id']}"

    status, headers, body = answered(await exchange(server, head(shop, path.encode(), b"HEAD")))
    as_get = answered(await exchange(server, head(shop, path.encode())))

    assert (status, body) == (200, b"")
    assert {**headers, "x-vol-correlation": "", "date": ""} == {**as_get[1], "x-vol-correlation": "", "date": ""}
    assert int(headers["content-length"]) == len(as_get[2])
    missing = answered(await exchange(server, head(shop, f"{ACCOUNTS}/999999999".encode(), b"HEAD")))
    assert (missing[0], missing[2]) == (404, b"")


@pytest.mark.parametrize("size", [1_000_001, 10_000_000])
async def test_a_body_that_is_too_large_is_refused_in_the_dialect(
    shop: Shop, real: httpx.AsyncClient, size: int
) -> None:
    content = LARGE[:size]
    for client in (shop.http, real):
        answer = await client.post(ACCOUNTS, headers=shop.headers(), content=content)
        assert fault(answer) == (413, "REQUEST_TOO_LARGE", None)
        chunked = await client.post(ACCOUNTS, headers=shop.headers(), content=pieces(content))
        assert fault(chunked) == (413, "REQUEST_TOO_LARGE", None)


async def pieces(content: bytes) -> object:
    """A body whose length nobody announces."""
    for at in range(0, len(content), 100_000):
        yield content[at : at + 100_000]


async def test_a_large_body_where_none_is_read_breaks_nothing(shop: Shop, real: httpx.AsyncClient) -> None:
    for method, path, status in (
        ("DELETE", f"{ACCOUNTS}/999999999", 404),
        ("GET", ACCOUNTS, 200),
        ("POST", "/api/nothing", 404),
        ("PATCH", ACCOUNTS, 405),
    ):
        answer = await real.request(method, path, headers=shop.headers(), content=LARGE)
        assert answer.status_code == status
    assert fault(await real.post(ACCOUNTS, content=LARGE))[0] == 401
    assert (await real.get(ACCOUNTS, headers=shop.headers())).status_code == 200


@pytest.mark.parametrize("size", [60_100, 64_000, 65_535])
async def test_a_url_of_any_length_is_read_and_too_long_a_filter_refused_by_name(
    shop: Shop, server: str, size: int
) -> None:
    room = size - len(f"{ACCOUNTS}?filter=")
    many = ("firstName%20eq%20x%20or%20" * 3_000)[:room]
    for text in (many, "id%20eq%20" + "1" * (room - 10), "(" * room):
        target = f"{ACCOUNTS}?filter={text}"
        assert len(target) == size
        status, _, body = answered(await exchange(server, head(shop, target.encode(), Cookie="x" * 9_000)))
        assert status == 400
        assert json.loads(body)["additionalErrorData"] == [{"name": "ParameterName", "value": "filter"}]
        if size < 65_000:
            assert fault(await shop.get(target)) == (400, INVALID, "filter")


async def test_a_long_list_of_ids_fits_into_a_url(shop: Shop, real: httpx.AsyncClient) -> None:
    account = await shop.account()
    lists = [f"id in [{','.join(str(n) for n in range(10**17 + at, 10**17 + at + 200))}]" for at in range(14)]
    asked = f"{' or '.join(lists)} or id eq {account['id']}".replace(" ", "+")
    assert 50_000 < len(asked) < 60_000

    answer = await real.get(f"{ACCOUNTS}?filter={asked}", headers=shop.headers())

    assert [item["id"] for item in answer.json()["items"]] == [account["id"]]


async def test_a_head_beyond_all_measure_is_refused(shop: Shop, server: str, real: httpx.AsyncClient) -> None:
    for data in (head(shop, b"/api/" + b"x" * 1_000_000), head(shop, ACCOUNTS.encode(), **{"X-Long": "x" * 1_000_000})):
        with suppress(ConnectionError):  # the server hangs up while we still send
            assert answered(await exchange(server, data))[0] == 431

    assert (await real.get(ACCOUNTS, headers=shop.headers())).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        *(b"/api/commerce/customer/accounts?filter=%00", b"/api/commerce/customer/accounts?q=%ED%A0%80"),
        *(b"/api/commerce/customer/accounts?sortBy=%FF", b"/api/commerce/customer/accounts?%00=1&pageSize=%00"),
        *(b"/api/commerce/customer/accounts?cursor=%C3%28", b"/api/commerce/customer/accounts?filter=\xc3\x28"),
        *(
            b"/api/commerce/customer/accounts/%ED%A0%80",
            b"/api/commerce/customer/accounts/\xff",
            b"/api/%",
            b"/api/%zz",
        ),
        *(
            b"/api/commerce/customer/accounts/1%00/contacts",
            b"/api/\xf0\x9f\x99\x82",
            b"//api//",
            b"*",
            b"http://x/api/y",
        ),
    ],
)
async def test_bytes_that_are_no_text_are_refused(shop: Shop, server: str, target: bytes) -> None:
    status, _, body = answered(await exchange(server, head(shop, target)))

    assert 400 <= status < 500, body
    if target.startswith(b"/api/") and body != b"Invalid HTTP request received.":  # no HTTP at all
        assert json.loads(body)["errorCode"] in (INVALID, "ITEM_NOT_FOUND")


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"\x00" * 100,
            b"\r\n\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        ),
        *(b"GET /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"GET /api/x HTTP/1.1\r\n: x\r\n\r\n"),
        b"POST /api/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_ends_the_connection_only(
    shop: Shop, server: str, real: httpx.AsyncClient, data: bytes
) -> None:
    await half_sent(server, data)

    assert (await real.get(ACCOUNTS, headers=shop.headers())).status_code == 200


async def half_sent(server: str, data: bytes) -> None:
    """Send bytes and leave without waiting for an answer."""
    address = urlsplit(server)
    writer = (await asyncio.open_connection(address.hostname, address.port))[1]
    writer.write(data)
    await writer.drain()
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_client_that_leaves_in_the_middle_breaks_nothing(
    shop: Shop, server: str, real: httpx.AsyncClient
) -> None:
    request = head(shop, ACCOUNTS.encode(), b"POST", **{"Content-Length": "1000", "Connection": "keep-alive"})
    for _ in range(20):
        await half_sent(server, request + b'{"firstName":')

    assert (await real.get(ACCOUNTS, headers=shop.headers())).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("given", "echoed"),
    [
        ("abc-123", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("<script>", False),
        ("é", False),
        ("", False),
    ],
)
async def test_a_correlation_id_is_echoed_if_it_is_one(shop: Shop, given: str, *, echoed: bool) -> None:
    answer = await shop.get(f"{ACCOUNTS}/0", headers={"x-vol-correlation": given.encode("latin-1")})

    assert fault(answer) == NOT_FOUND
    assert (answer.headers["x-vol-correlation"] == given) is echoed


async def test_a_form_is_taken_for_the_json_that_it_stands_for(shop: Shop) -> None:
    path = "/api/platform/applications/authtickets/oauth"
    form = {"client_id": shop.client_id, "client_secret": shop.client_secret, "grant_type": "client"}

    assert (await shop.http.post(path, data=form)).status_code == 200
    for content in (b"a=1&" * 200, b"\xff", b"client_id=%00", b""):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert fault(await shop.http.post(path, content=content, headers=headers))[:2] == (400, INVALID)
