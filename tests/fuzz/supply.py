"""Puts real things into made-up requests: behind an unknown id or a foreign tenant every request ends the same way.

What Schemathesis draws stays about as often as it is replaced, so both ways are walked. What a case gets depends on the
case alone: a failure comes again.
"""

import random
import zlib
from collections import Counter
from typing import Any

import code_supply
import httpx
import requests
from schemathesis import Case, Response

from kibo_requests import FORMS, Form, filled, made_up, stock, thing
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.settings import Settings
from product_samples import PRODUCT_ATTRIBUTES, labelled
from shoppers import reset_token
from shops import ACCOUNTS, CREDITS, PASSWORD, TICKETS, Shop, open_shop

OAUTH = "/api/platform/applications/authtickets/oauth"
SEGMENTS = "/api/commerce/customer/segments"
B2B_DEFINITIONS = "/api/commerce/customer/accountattributedefinition/attributes"

# Operations whose form in kibo_requests is refused on purpose.
_GOOD_FORMS = {
    "Platform.oauth": Form(body={"client_id": "{client}", "client_secret": "{secret}"}),
    "Platform.createAuthTicket": Form(body={"applicationId": "{client}", "sharedSecret": "{secret}"}),
    "CustomerAccount.addAccountCard": Form(
        body={**FORMS["CustomerAccount.addAccountCard"][0].body, "id": "{new_code}"}
    ),
    "Platform.refreshAuthTicket": Form(body={"refreshToken": "{application_refresh}"}),
}
# Operations for an account that has no login yet, or no values, or that is gone afterwards.
_FOR_A_GUEST = ("addLoginToExistingCustomer", "addAccountAttribute", "deleteAccount")
_AS_SHOPPER = {"getCurrentAccount": 0.9, "changePassword": 0.5, "associateCreditToShopper": 0.9}
# Operations for a credit that nobody has used.
_FOR_AN_UNUSED_CREDIT = ("deleteCredit", "associateCreditToShopper")


def name_of(case: Case) -> tuple[str, str]:
    """Group and id of the operation that a case is for."""
    group, _, name = str(case.operation.definition.raw["operationId"]).rpartition(".")
    return group, name


def forms_of(case: Case) -> list[Form]:
    """The requests that the operation takes."""
    name = ".".join(name_of(case))
    return [_GOOD_FORMS[name]] if name in _GOOD_FORMS else FORMS[name]


def number_of(case: Case) -> int:
    """A number that is the same whenever the same case is drawn."""
    return zlib.crc32(_content(case).encode())


def _content(case: Case) -> str:
    return ascii((case.method, case.path_parameters, case.query, dict(case.headers or {}), case.body))


class Supply:
    """The shop of the present test, one of everything in it, and what its requests were answered."""

    def __init__(self, address: str, http: httpx.AsyncClient, session: requests.Session, database: Database) -> None:
        self.address, self.session = address, session
        self._http, self._database = http, database
        self.statuses: Counter[int | str] = Counter()
        self.case: Case  # the one that is being tried

    async def open(self, settings: Settings) -> None:
        """Begin anew, in a new shop."""
        self.shop: Shop = await open_shop(self._http, self._database)
        self.things: dict[str, Any] = {**await stock(self.shop), "secret": self.shop.client_secret}
        self.things["reset"] = await reset_token(self.shop, settings, emailAddress=self.things["email"])
        definition = filled(FORMS["CustomerAttributeDefinition.createAttribute"][0].body, {"new_code": "b2b"})
        self.things["b2b_attribute"] = self._post(B2B_DEFINITIONS, definition)["attributeFQN"]
        self.things |= await code_supply.stock_codes(self.shop, settings)
        self.statuses = Counter()

    @property
    def successes(self) -> int:
        """How many requests did what they asked for."""
        return sum(count for status, count in self.statuses.items() if str(status).startswith("2"))

    def feed(self, case: Case) -> bool:
        """Put real things into a case; whether it has changed."""
        before = _content(case)
        (group, name), dice = name_of(case), random.Random(number_of(case))
        form, things = dice.choice(forms_of(case)), self._things_for(case)
        for parameter in case.path_parameters or {}:
            if dice.random() < 0.9:
                case.path_parameters[parameter] = things[thing(group, parameter)]
        self._feed_headers(case, dice, shopper=_AS_SHOPPER.get(name, 0.1) if group != "Platform" else 0)
        if (luck := dice.random()) < 0.6:
            if luck < 0.2:  # nothing odd but the headers
                case.query.clear()
            case.query.update(filled(form.query, things))
            if form.body is not None:
                good = filled(form.body, things)
                case.body = good if luck < 0.2 else _mixed(good, case.body, dice)
        return before != _content(case)

    def send_good(self) -> None:
        """Send the good request of the operation that is being tried, with nothing odd about it."""
        case = self.case
        group, name = name_of(case)
        form, things = code_supply.ONCE.get(f"{group}.{name}", forms_of(case)[0]), self._things_for(case)
        if form.body is not None and name.endswith(("SecondFactor", "RecoveryCodes")):
            things |= {"account": things["guarded"], "factor": things["new_factor"]}
            things["app_code"] = code_supply.code_of(things["new_secret"])
        case.path_parameters = {name: things[thing(group, name)] for name in case.path_parameters or {}}
        case.query, case.headers = filled(form.query, things), {}
        if form.body is not None:
            case.body = filled(form.body, things)
        token = self.things["ticket"] if _AS_SHOPPER.get(name, 0) > 0.5 else None
        headers = self.shop.headers(self.things["waiting"] if name == "generateAndSend2faOtp" else token)
        self.answered(case, case.call(self.address, self.session, headers))

    def _things_for(self, case: Case) -> dict[str, Any]:
        group, name = name_of(case)
        things = {**self.things, **made_up(self.things)}
        if name in _FOR_A_GUEST:
            things["account"] = self.things["guest"]
        if name in _FOR_AN_UNUSED_CREDIT:
            things["credit"] = self.things["unused_credit"]
        if group == "CustomerAccountAttributeDefinitions":
            things["attribute"] = self.things["b2b_attribute"]
        return things

    def furnish(self, case: Case) -> None:
        """Give a case a good body and headers, mostly; its ids stay."""
        (group, name), dice = name_of(case), random.Random(number_of(case))
        form = FORMS[f"{group}.{name}"][0]
        fresh = {**made_up(self.things), "contact": None}
        self._feed_headers(case, dice, shopper=0)
        if dice.random() < 0.9:
            case.query.clear()
        if form.body is not None and dice.random() < 0.9:
            case.body = filled(form.body, {**self.things, **fresh})

    def _feed_headers(self, case: Case, dice: random.Random, *, shopper: float) -> None:
        for name, own in (("x-vol-tenant", self.shop.tenant_id), ("x-vol-site", self.shop.site_id)):
            if name in case.headers and dice.random() < 0.9:
                case.headers[name] = str(own)
        if "If-Match" in case.headers and dice.random() < 0.6:
            case.headers["If-Match"] = "*"
        if "Idempotency-Key" in case.headers and dice.random() < 0.7:
            case.headers["Idempotency-Key"] = random_token()
        if dice.random() < shopper:
            case.headers["x-vol-user-claims"] = self.things["ticket"]

    def answered(self, case: Case, response: Response) -> None:
        """Count an answer, and make again what the request has used up."""
        self.statuses[response.status_code] += 1
        name = name_of(case)[1]
        if not 200 <= response.status_code < 300:
            return
        if name in _FOR_A_GUEST:
            self.things["guest"] = self._post(ACCOUNTS, {})["id"]
        elif (again := self._again(name)) is not None:
            thing, path, body, field = again
            self.things[thing] = self._post(path, body).get(field, self.things[thing])

    def _again(self, name: str) -> tuple[str, str, Any, str] | None:
        """What an operation uses up: the thing, the path and body that make it again, the field with its id."""
        one, again = f"{ACCOUNTS}/{self.things['account']}", f"again-{random_token(6)}"
        transaction = {**FORMS["CustomerAccount.addTransaction"][0].body, "transactionId": again}
        value = {"fullyQualifiedName": self.things["attribute"], "values": ["red"]}
        client = {"client_id": self.shop.client_id, "client_secret": self.shop.client_secret}
        product, word = f"{PRODUCT_ATTRIBUTES}/{self.things['attribute']}", self.things["word"]
        defined = labelled(self.things["attribute"].partition("~")[2], self.shop.tenant_id)
        label = {"localeCode": self.things["locale"], "name": "Farbe", "stringValue": "Rot"}
        members = f"{SEGMENTS}/{self.things['segment']}/accounts"
        made: dict[str, tuple[str, str, Any, str]] = {
            "deleteAccountContact": ("contact", f"{one}/contacts", {"firstName": "Kim"}, "id"),
            "deleteAccountNote": ("note", f"{one}/notes", {"content": "Likes tea"}, "id"),
            "deleteAccountCard": ("card", f"{one}/cards", {"id": again}, "id"),
            "removeTransaction": ("transaction", f"{one}/transactions", transaction, "transactionId"),
            "deleteAccountAttribute": ("attribute", f"{one}/attributes", value, "fullyQualifiedName"),
            "deleteCredit": ("unused_credit", CREDITS, {"initialBalance": 5}, "code"),
            "voidPayment": (
                "payment",
                f"{CREDITS}/payments",
                filled(FORMS["Credit.addPayment"][1].body, self.things),
                "id",
            ),
            "deleteSegment": ("segment", SEGMENTS, {"code": again, "name": "Tea drinkers"}, "id"),
            "removeSegmentAccount": ("segment", members, [self.things["account"]], "id"),
            "refreshUserAuthTicket": (
                *("refresh", TICKETS, {"username": self.things["email"], "password": PASSWORD}),
                "refreshToken",
            ),
            "deleteAttribute": ("attribute", PRODUCT_ATTRIBUTES, defined, "attributeFQN"),
            **dict.fromkeys(
                ("deleteAttributeVocabularyValue", "updateAttributeVocabularyValues", "updateAttribute"),
                ("word", f"{product}/VocabularyValues", defined["vocabularyValues"][0], "value"),
            ),
            **dict.fromkeys(
                ("deleteLocalizedContent", "updateLocalizedContents"),
                ("locale", f"{product}/LocalizedContent", label, "localeCode"),
            ),
            **dict.fromkeys(
                (
                    "deleteAttributeVocabularyValueLocalizedContent",
                    "updateAttributeVocabularyValueLocalizedContents",
                ),
                ("locale", f"{product}/VocabularyValues/{word}/LocalizedContent", label, "localeCode"),
            ),
            **dict.fromkeys(
                ("refreshAuthTicket", "deleteAuthTicket"), ("application_refresh", OAUTH, client, "refresh_token")
            ),
        }
        return made.get(name)

    def _post(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.session.post(self.address + path, json=body, headers=self.shop.headers())
        assert answer.ok or answer.status_code == 409, answer.text  # 409: it is still there
        return dict(answer.json()) if answer.content else {}


def _mixed(form: Any, drawn: Any, dice: random.Random) -> Any:
    """A good body with some of the fields as they were drawn, and with the drawn ones beside."""
    if isinstance(form, dict) and isinstance(drawn, dict):
        kept = {name: one if dice.random() < 0.9 else _mixed(one, drawn.get(name), dice) for name, one in form.items()}
        return {**(drawn if dice.random() < 0.3 else {}), **kept}
    if isinstance(form, list) and isinstance(drawn, list) and drawn:
        return [_mixed(form[0], one, dice) for one in drawn[:3]]
    return form if dice.random() < 0.7 else drawn
