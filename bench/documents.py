"""What is measured of the second face: requests of JSON:API documents, of tokens, of orders."""

from urllib.parse import quote, urlencode

import msgspec

from bench.data import Data
from bench.load import CARRIED, LENGTH
from bench.organization import GROUPS
from bench.scenarios import READS, SIGN_IN, WRITES, Scenario

TYPE = "application/vnd.api+json"
INCLUDED = "customer_addresses.address,customer_group,tags"


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """One request as the official client sends it."""
    data = msgspec.json.encode(body) if body is not None else b""
    head = [f"{method} {path} HTTP/1.1", "host: bench", f"authorization: Bearer {token}", f"accept: {TYPE}"]
    if data:
        length = LENGTH.decode() if CARRIED in data else len(data)
        head += [f"content-type: {TYPE}", f"content-length: {length}"]
    return "\r\n".join([*head, "", ""]).encode() + data


def token(**body: str) -> bytes:
    """A request of the token endpoint, as a form."""
    data = urlencode(body).encode().replace(quote(CARRIED).encode(), CARRIED)
    length = LENGTH.decode() if CARRIED in data else len(data)
    head = ["POST /oauth/token HTTP/1.1", "host: bench", "accept: application/json"]
    head += ["content-type: application/x-www-form-urlencoded", f"content-length: {length}"]
    return "\r\n".join([*head, "", ""]).encode() + data


def one(data: Data, query: str = "") -> list[bytes]:
    """Each request another customer."""
    asked = data.organization
    return [request("GET", f"/api/customers/{shown}{query}", asked.token) for shown in asked.customers]


def filtered(data: Data) -> list[bytes]:
    """Pages of the customers of a group, the newest first, with the group and the tags of each."""
    asked = data.organization
    query = "&".join(
        f"{quote(name)}={quote(value)}"
        for name, value in (
            ("filter[q][customer_group_code_eq]", "bench-@"),
            ("include", "customer_group,tags"),
            ("sort", "-created_at"),
            ("page[size]", "25"),
        )
    )
    return [request("GET", f"/api/customers?{query.replace(quote('@'), str(n))}", asked.token) for n in range(GROUPS)]


def orders(data: Data) -> list[bytes]:
    """An order is made for a customer, and placed: two requests."""
    asked = data.organization
    placed = {"data": {"type": "orders", "id": CARRIED.decode(), "attributes": {"_place": True}}}
    place = request("PATCH", f"/api/orders/{CARRIED.decode()}", asked.token, placed)
    return [
        each for shown in asked.customers for each in (request("POST", "/api/orders", asked.token, order(shown)), place)
    ]


def order(customer: str) -> dict[str, object]:
    """An order as a shop's own system sends it."""
    return {
        "data": {
            "type": "orders",
            "attributes": {"currency_code": "USD", "total_amount_cents": 4_950},
            "relationships": {"customer": {"data": {"type": "customers", "id": customer}}},
        }
    }


def integration(data: Data) -> list[bytes]:
    """The integration asks for its token, as a program does that keeps none."""
    asked = data.organization
    secret = {"client_id": asked.client_id, "client_secret": asked.client_secret}
    return [token(grant_type="client_credentials", **secret)]


def refresh(data: Data) -> list[bytes]:
    """Each request with the token that the answer before it brought."""
    return [token(grant_type="refresh_token", client_id=data.organization.channel_id, refresh_token=CARRIED.decode())]


def password(data: Data) -> list[bytes]:
    """Each request another shopper."""
    asked = data.organization
    where = {"grant_type": "password", "client_id": asked.channel_id, "scope": asked.scope}
    return [token(**where, username=one.email, password=data.password) for one in data.customers]


SCENARIOS = (
    Scenario(name="customer by id", target=READS, requests=one),
    Scenario(
        name="customer with addresses, group, tags",
        target=READS,
        requests=lambda d: one(d, f"?include={INCLUDED}"),
    ),
    Scenario(name="25 customers of a group with its and their tags", target=READS, requests=filtered),
    Scenario(
        name="order made and placed (two requests)",
        target=WRITES,
        requests=orders,
        carry=b'{"data":{"id":"',
        together=2,
    ),
    Scenario(name="token for a program", target=WRITES, requests=integration),
    Scenario(
        name="token for a refresh token",
        target=WRITES,
        requests=refresh,
        carry=b'"refresh_token":"',
        spare=lambda d: d.organization.refresh_tokens,
    ),
    Scenario(name="token for a password", target=SIGN_IN, requests=password),
)
