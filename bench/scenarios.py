"""What is measured: for each scenario its requests, drawn from the run's customers, and what of the floor is asked."""

import random
from collections.abc import Callable
from urllib.parse import quote

import msgspec

from bench.data import Data
from bench.load import CARRIED, NUMBER

READS, WRITES, SIGN_IN = 0.60, 0.50, 0.85
ACCOUNTS = "/api/commerce/customer/accounts"
LIGHT = "responseFields=totalCount,items(id,emailAddress,firstName,lastName)"
DEEP = 50_000


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `target` is the share of the floor to be reached; `carry` and `together` as in the load
    generator, `spare` what connections carry at first.
    """

    name: str
    target: float
    requests: Callable[[Data], list[bytes]]
    carry: bytes | None = None
    together: int = 1
    spare: Callable[[Data], list[str]] | None = None

    @property
    def is_read(self) -> bool:
        """Whether Patron and floor answer the same bytes."""
        return self.target == READS


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """One request as it goes over the wire."""
    data = msgspec.json.encode(body) if body is not None else b""
    head = [f"{method} {path} HTTP/1.1", "host: bench", f"authorization: Bearer {token}", "accept: application/json"]
    if data:
        # The load generator writes eight digits in place of the eight characters of @number@: the length stays.
        head += ["content-type: application/json", f"content-length: {len(data)}"]
    return "\r\n".join([*head, "", ""]).encode() + data


def _reads(data: Data, paths: list[str]) -> list[bytes]:
    return [request("GET", f"{ACCOUNTS}{path}", data.application_token) for path in paths]


def own(data: Data) -> list[bytes]:
    """Each request another shopper's."""
    return [request("GET", f"{ACCOUNTS}/current", token) for token, _ in data.shoppers]


def by_id(data: Data) -> list[bytes]:
    """Each request another account."""
    return _reads(data, [f"/{one.id}" for one in data.customers])


def by_email(data: Data) -> list[bytes]:
    """Each request another address."""
    return _reads(data, [f"?filter=emailAddress%20eq%20{quote(one.email)}" for one in data.customers])


def search(data: Data) -> list[bytes]:
    """A last name, or first and last name, as typed into a search box."""
    words = [f"{one.first_name} {one.last_name}" if n % 2 else one.last_name for n, one in enumerate(data.customers)]
    return _reads(data, [f"?q={quote(text)}&{LIGHT}" for text in words])


def contact(number: int) -> dict[str, object]:
    """A contact as a checkout sends it; `number` 0 is the primary one."""
    return {
        "email": "bench@number@@example.com",
        "firstName": "Ada",
        "lastNameOrSurname": "Bench",
        "phoneNumbers": {"home": "+1 555 0100", "mobile": "+1 555 0101"},
        "address": {
            "address1": f"{number + 1} Main Street",
            "cityOrTown": "Austin",
            "stateOrProvince": "TX",
            "postalOrZipCode": "78701",
            "countryCode": "US",
            "addressType": "Residential",
        },
        "types": [{"name": "Billing" if number == 0 else "Shipping", "isPrimary": True}],
    }


def create(data: Data) -> list[bytes]:
    """A new account with two contacts, each with an address of its own."""
    body = {
        "emailAddress": "bench@number@@example.com",
        "firstName": "Ada",
        "lastName": "Bench",
        "acceptsMarketing": True,
        "contacts": [contact(0), contact(1)],
    }
    return [request("POST", ACCOUNTS, data.application_token, body)]


def add_contact(data: Data) -> list[bytes]:
    """Each request to another account. Not a primary contact: those are the account's already."""
    body = {**contact(0), "types": [{"name": "Shipping", "isPrimary": False}]}
    ids = [one.id for one in data.customers]
    random.Random(2).shuffle(ids)  # noqa: S311
    return [request("POST", f"{ACCOUNTS}/{number}/contacts", data.application_token, body) for number in ids]


def sign_in(data: Data) -> list[bytes]:
    """Each request another shopper."""
    path = "/api/commerce/customer/authtickets"
    bodies = [{"username": one.email, "password": data.password} for one in data.customers]
    return [request("POST", path, data.application_token, body) for body in bodies]


def refresh(data: Data) -> list[bytes]:
    """Each request with the token that the answer before it brought."""
    path = f"/api/commerce/customer/authtickets/refresh?refreshToken={CARRIED.decode()}"
    return [request("PUT", path, data.application_token)]


def debit(data: Data, codes: list[str]) -> list[bytes]:
    """A cent from each of these credits, for an order that has no other."""
    body = {"transactionType": "Debit", "impactAmount": 0.01, "orderId": "order@number@"}
    path = "/api/commerce/customer/credits"
    return [request("POST", f"{path}/{code}/transactions", data.application_token, body) for code in codes]


def visit(dice: random.Random, data: Data) -> dict[str, object]:
    """A visit as a web shop's log has it: six in ten of a customer, the others of a stranger."""
    who = {"accountId": dice.choice(data.customers).id} if dice.random() < 0.6 else {"userId": _hex(dice)}
    return {
        "type": "Website",
        "webUserAgent": dice.choice(_AGENTS),
        "webSessionId": _hex(dice),
        "webReferrer": "https://search.example/?q=shoes",
        **who,
    }


def ingest(data: Data) -> list[bytes]:
    """Each request a batch of a hundred other visits."""
    dice = random.Random(3)  # noqa: S311
    batches = [[visit(dice, data) for _ in range(100)] for _ in range(200)]
    return [request("POST", "/api/commerce/customer/visits/batch", data.application_token, one) for one in batches]


_AGENTS = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 {kind}Safari/537.36"
    for version in range(110, 140)
    for system, kind in (("Windows NT 10.0; Win64; x64", ""), ("Linux; Android 10; K", "Mobile "))
)


def _hex(dice: random.Random) -> str:
    return f"{dice.getrandbits(128):032x}"


SCENARIOS = (
    Scenario(name="own account with token", target=READS, requests=own),
    Scenario(name="account by id", target=READS, requests=by_id),
    Scenario(name="list of 20 light rows", target=READS, requests=lambda d: _reads(d, [f"?pageSize=20&{LIGHT}"])),
    Scenario(name="list of 20 full accounts", target=READS, requests=lambda d: _reads(d, ["?pageSize=20"])),
    Scenario(name="list by e-mail filter", target=READS, requests=by_email),
    Scenario(name="q search", target=READS, requests=search),
    Scenario(
        name="20 rows at startIndex 50,000",
        target=READS,
        requests=lambda d: _reads(d, [f"?pageSize=20&startIndex={DEEP}&{LIGHT}"]),
    ),
    Scenario(
        name="the same place by cursor",
        target=READS,
        requests=lambda d: _reads(d, [f"?pageSize=20&cursor={CARRIED.decode()}&{LIGHT}"]),
    ),
    Scenario(name="create account with two contacts", target=WRITES, requests=create),
    Scenario(name="add contact", target=WRITES, requests=add_contact),
    Scenario(name="100 visits in a call", target=WRITES, requests=ingest),
    Scenario(
        name="refresh", target=WRITES, requests=refresh, carry=b'"refreshToken":"', spare=lambda d: d.refresh_tokens
    ),
    Scenario(name="credit debit over many accounts", target=WRITES, requests=lambda d: debit(d, d.credits)),
    Scenario(name="credit debit on one hot account", target=WRITES, requests=lambda d: debit(d, [d.hot_credit])),
    Scenario(name="sign-in", target=SIGN_IN, requests=sign_in),
)
assert len(NUMBER) == 8
