"""Authenticator apps as second factor: added, asked at sign-in, removed; and recovery codes. Beyond the contract."""

import asyncio
import base64
from datetime import datetime
from typing import Any

import httpx
import pytest

from agents import impersonate
from audit_log import entries
from patron.logins import totp
from patron.settings import Settings
from shoppers import another, mailed_code, mails, set_policy, sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault
from stage import Clock

EMAIL = "jo@example.com"


class App:
    """An authenticator app in somebody's hand."""

    def __init__(self, shop: Shop, clock: Clock, ticket: dict[str, Any]) -> None:
        self.shop = shop
        self.clock = clock
        self.ticket = ticket
        self.path = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/secondfactors"
        self.id = 0
        self.secret = b""

    async def call(self, path: str, **body: object) -> httpx.Response:
        return await self.shop.post(f"{self.path}{path}", body, shopper=self.ticket["accessToken"])

    async def add(self, name: str = "My phone") -> dict[str, Any]:
        answer = await self.call("", name=name, password=PASSWORD)
        assert answer.status_code == 201, answer.text
        made = dict(answer.json())
        self.id, self.secret = made["id"], base64.b32decode(made["secret"])
        return made

    def code(self, steps: int = 0) -> str:
        """What it shows now, or some steps later."""
        return totp.code_at(self.secret, totp.step_of(self.clock()) + steps)

    async def confirm(self, code: str | None = None) -> httpx.Response:
        return await self.call(f"/{self.id}/confirm", otpCode=code or self.code())

    async def listed(self) -> dict[str, Any]:
        answer = await self.shop.get(self.path, shopper=self.ticket["accessToken"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def sign_in(self, code: str) -> httpx.Response:
        """Password, then this code."""
        first = await sign_in(self.shop, EMAIL)
        assert (first.status_code, first.json()["requires2FA"]) == (201, True), first.text
        return await self.shop.post(f"{TICKETS}/2fa/auth", {"userId": first.json()["userId"], "otpCode": code})


async def owner(shop: Shop, clock: Clock) -> App:
    """Somebody who has no app yet."""
    return App(shop, clock, await shop.shopper(emailAddress=EMAIL))


async def confirmed(shop: Shop, clock: Clock) -> tuple[App, list[str]]:
    """Somebody with an app and recovery codes."""
    app = await owner(shop, clock)
    await app.add()
    answer = await app.confirm()
    assert answer.status_code == 200, answer.text
    clock.advance(minutes=1)
    return app, list(answer.json()["recoveryCodes"])


async def test_an_app_counts_once_it_is_confirmed(shop: Shop, settings: Settings, clock: Clock) -> None:
    app = await owner(shop, clock)
    made = await app.add()
    assert made["uri"].startswith("otpauth://totp/Main%20street:jo%40example.com?secret=")
    assert made["secret"] in made["uri"]
    assert (await sign_in(shop, EMAIL)).json()["requires2FA"] is False

    wrong = await app.confirm(another(app.code(2)))
    assert fault(wrong) == (400, "MISSING_OR_INVALID_PARAMETER", "otpCode")
    answer = await app.confirm()

    assert len(set(answer.json()["recoveryCodes"])) == 10
    listed = await app.listed()
    assert [(one["name"], one["type"], one["isConfirmed"]) for one in listed["items"]] == [("My phone", "Totp", True)]
    assert (listed["recoveryCodesLeft"], listed["totalCount"]) == (10, 1)
    assert made["secret"] not in str(listed)
    assert (await mails(shop, settings))[0][0].kind == "shopperSecondFactorAdded"
    assert fault(await app.confirm())[:2] == (409, "VALIDATION_CONFLICT")


async def test_signing_in_asks_for_the_app_and_mails_nothing(shop: Shop, settings: Settings, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    before = len(await mails(shop, settings))

    first = (await sign_in(shop, EMAIL)).json()
    refused = await shop.post(f"{TICKETS}/2fa/request", shopper=first["accessToken"])
    done = await app.sign_in(f" {app.code()[:3]} {app.code()[3:]} ")

    assert fault(refused)[:2] == (409, "VALIDATION_CONFLICT")
    assert done.status_code == 201, done.text
    assert done.json()["customerAccount"]["last2FaDate"] is not None
    assert len(await mails(shop, settings)) == before
    assert (await app.listed())["items"][0]["lastUsedDate"] is not None


async def test_a_code_is_taken_once(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    code = app.code()
    user_id = (await sign_in(shop, EMAIL)).json()["userId"]
    await sign_in(shop, EMAIL)

    answers = await asyncio.gather(
        *(shop.post(f"{TICKETS}/2fa/auth", {"userId": user_id, "otpCode": code}) for _ in range(3))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401]
    assert (await app.sign_in(app.code(-1))).status_code == 401  # nor an older one
    assert (await app.sign_in(app.code(1))).status_code == 201


async def test_the_code_that_confirmed_signs_nobody_in(shop: Shop, clock: Clock) -> None:
    app = await owner(shop, clock)
    await app.add()
    code = app.code()
    assert (await app.confirm(code)).status_code == 200

    assert (await app.sign_in(code)).status_code == 401


async def test_three_wrong_codes_end_the_sign_in(shop: Shop, settings: Settings, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    user_id = (await sign_in(shop, EMAIL)).json()["userId"]
    wrong = {"userId": user_id, "otpCode": another(app.code(2))}

    for _ in range(3):
        assert (await shop.post(f"{TICKETS}/2fa/auth", wrong)).status_code == 401

    right = await shop.post(f"{TICKETS}/2fa/auth", {"userId": user_id, "otpCode": app.code()})
    assert right.status_code == 401
    assert (await mails(shop, settings))[0][0].kind == "shopperSecondFactorFailed"
    assert (await app.sign_in(app.code())).status_code == 201


async def test_after_fifteen_wrong_codes_none_is_taken(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    for _ in range(5):
        user_id = (await sign_in(shop, EMAIL)).json()["userId"]
        for _ in range(3):
            await shop.post(f"{TICKETS}/2fa/auth", {"userId": user_id, "otpCode": another(app.code(2))})

    assert fault(await sign_in(shop, EMAIL))[:2] == (429, "TOO_MANY_REQUESTS")
    refused = await app.call(f"/{app.id}/remove", otpCode=app.code())
    assert fault(refused)[:2] == (429, "TOO_MANY_REQUESTS")


async def test_each_recovery_code_is_good_once(shop: Shop, settings: Settings, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)

    assert (await app.sign_in(codes[0].upper().replace("-", " "))).status_code == 201
    assert (await app.sign_in(codes[0])).status_code == 401
    assert (await app.sign_in(codes[1])).status_code == 201

    assert (await app.listed())["recoveryCodesLeft"] == 8
    used = [body.text for mail, body in await mails(shop, settings) if mail.kind == "shopperRecoveryCodeUsed"]
    assert ["8 are left" in used[0], "9 are left" in used[1]] == [True, True]


async def test_new_recovery_codes_end_the_old_ones(shop: Shop, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)

    assert fault(await app.call("/recoverycodes"))[2] == "otpCode"
    assert fault(await app.call("/recoverycodes", otpCode=another(app.code(2))))[:2] == (401, "UNAUTHORIZED")
    renewed = await app.call("/recoverycodes", otpCode=app.code())

    assert renewed.status_code == 200
    assert not {*renewed.json()["recoveryCodes"]} & {*codes}
    assert (await app.sign_in(codes[0])).status_code == 401
    assert (await app.sign_in(renewed.json()["recoveryCodes"][0])).status_code == 201


async def test_a_second_app_brings_no_new_codes_and_either_will_do(shop: Shop, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)
    other = App(shop, clock, app.ticket)
    await other.add("Tablet")

    assert (await other.confirm()).json() == {"recoveryCodes": None}

    clock.advance(minutes=1)
    assert (await app.sign_in(other.code())).status_code == 201
    assert (await app.sign_in(app.code())).status_code == 201
    assert (await app.sign_in(codes[0])).status_code == 201


async def test_an_account_has_three_apps_at_most(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    for _ in range(2):
        other = App(shop, clock, app.ticket)
        await other.add()
        assert (await other.confirm()).status_code == 200

    refused = await app.call("", name="One more", password=PASSWORD)

    assert fault(refused)[:2] == (409, "VALIDATION_CONFLICT")
    assert (await app.listed())["totalCount"] == 3


async def test_a_new_app_replaces_one_that_was_not_confirmed_and_waits_an_hour(shop: Shop, clock: Clock) -> None:
    app = await owner(shop, clock)
    await app.add("First")
    first = app.id
    await app.add("Second")
    assert [one["name"] for one in (await app.listed())["items"]] == ["Second"]
    assert fault(await app.call(f"/{first}/confirm", otpCode=app.code()))[:2] == (404, "ITEM_NOT_FOUND")

    clock.advance(hours=1)
    shop.token = await shop.sign_in()
    app.ticket = (await sign_in(shop, EMAIL)).json()
    assert fault(await app.confirm())[:2] == (409, "VALIDATION_CONFLICT")


async def test_removing_takes_a_code_and_ends_the_asking(shop: Shop, settings: Settings, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)
    assert fault(await app.call(f"/{app.id}/remove")) == (400, "MISSING_OR_INVALID_PARAMETER", "otpCode")
    assert fault(await app.call(f"/{app.id}/remove", otpCode=PASSWORD))[:2] == (401, "UNAUTHORIZED")

    gone = await app.call(f"/{app.id}/remove", otpCode=codes[3])

    assert gone.status_code == 204
    assert await app.listed() == {"items": [], "recoveryCodesLeft": 0, "totalCount": 0}
    assert (await sign_in(shop, EMAIL)).json()["requires2FA"] is False
    assert "shopperSecondFactorRemoved" in {mail.kind for mail, _ in await mails(shop, settings)}


async def test_with_one_of_two_apps_gone_the_other_is_asked(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    other = App(shop, clock, app.ticket)
    await other.add("Tablet")
    await other.confirm()
    clock.advance(minutes=1)

    assert (await app.call(f"/{app.id}/remove", otpCode=app.code())).status_code == 204

    assert (await app.listed())["recoveryCodesLeft"] == 10
    assert (await app.sign_in(app.code(1))).status_code == 401
    assert (await app.sign_in(other.code())).status_code == 201


async def test_staff_remove_the_app_of_who_lost_it(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)

    assert (await shop.post(f"{app.path}/{app.id}/remove", {})).status_code == 204

    assert (await sign_in(shop, EMAIL)).json()["requires2FA"] is False


async def test_an_open_ticket_alone_adds_no_app(shop: Shop, clock: Clock) -> None:
    app = await owner(shop, clock)

    assert fault(await app.call("", name="Mine")) == (400, "MISSING_OR_INVALID_PARAMETER", "password")
    assert fault(await app.call("", name="Mine", password="Wrong-1")) == (
        *(400, "MISSING_OR_INVALID_PARAMETER"),
        "password",
    )
    assert (await app.listed())["totalCount"] == 0
    assert (await shop.post(app.path, {"name": "By staff"})).status_code == 201


async def test_who_acts_for_a_shopper_does_not_touch_second_factors(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    agent = (await impersonate(shop, accountId=app.ticket["customerAccount"]["id"])).json()

    for path in ("", f"/{app.id}/confirm", f"/{app.id}/remove", "/recoverycodes"):
        body = {"name": "x", "password": PASSWORD, "otpCode": app.code()}
        answer = await shop.post(f"{app.path}{path}", body, shopper=agent["accessToken"])
        assert fault(answer)[:2] == (403, "FORBIDDEN"), path


async def test_a_mailed_code_does_not_stand_for_the_app(shop: Shop, settings: Settings, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    await set_policy(shop, email_code_sign_in=True)
    await shop.post(f"{TICKETS}/otp/request", {"email": EMAIL})
    code = await mailed_code(shop, settings, "shopperSignInCode")

    first = await shop.post(f"{TICKETS}/otp/auth", {"email": EMAIL, "otpCode": code})

    assert first.json()["requires2FA"] is True
    done = await shop.post(f"{TICKETS}/2fa/auth", {"userId": first.json()["userId"], "otpCode": app.code()})
    assert done.status_code == 201


async def test_an_app_of_somebody_else_is_not_found(shop: Shop, clock: Clock) -> None:
    app, _ = await confirmed(shop, clock)
    other = await shop.shopper()
    path = f"{ACCOUNTS}/{other['customerAccount']['id']}/secondfactors/{app.id}"

    for verb in ("confirm", "remove"):
        assert fault(await shop.post(f"{path}/{verb}", {"otpCode": app.code()}))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await shop.post(f"{app.path}/x/remove", {}))[:2] == (404, "ITEM_NOT_FOUND")
    guest = await shop.account()
    for method, body in (("GET", None), ("POST", {"name": "x"})):
        answer = await shop.call(method, f"{ACCOUNTS}/{guest['id']}/secondfactors", json=body)
        assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("", {"name": " ", "password": PASSWORD}, "name"),
        ("", {"name": "x" * 101, "password": PASSWORD}, "name"),
        ("", {"name": 7, "password": PASSWORD}, "name"),
        ("/{id}/confirm", {}, "otpCode"),
        ("/{id}/confirm", {"otpCode": "1" * 65}, "otpCode"),
        ("/{id}/remove", {"otpCode": "1" * 65}, "otpCode"),
        ("/recoverycodes", {"otpCode": "1" * 65}, "otpCode"),
    ],
)
async def test_what_is_wrong_is_named(
    shop: Shop, clock: Clock, path: str, body: dict[str, Any], parameter: str
) -> None:
    app = await owner(shop, clock)
    await app.add()

    answer = await app.call(path.format(id=app.id), **body)

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", parameter)


async def test_a_retry_gets_the_same_secret_and_codes(shop: Shop, clock: Clock) -> None:
    app = await owner(shop, clock)

    async def twice(path: str, body: dict[str, Any]) -> list[httpx.Response]:
        headers = {"Idempotency-Key": f"key{len(path)}"}
        token = app.ticket["accessToken"]
        return [await shop.post(f"{app.path}{path}", body, headers=headers, shopper=token) for _ in range(2)]

    first, again = await twice("", {"name": "Phone", "password": PASSWORD})
    assert first.json() == again.json()
    app.id, app.secret = first.json()["id"], base64.b32decode(first.json()["secret"])
    first, again = await twice(f"/{app.id}/confirm", {"otpCode": app.code()})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len(first.json()["recoveryCodes"]) == 10


async def test_nothing_is_stored_in_clear(shop: Shop, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)
    db = shop.database.session()

    stored = [
        str(dict(row))
        for table in ("second_factor", "recovery_code")
        for row in await db.fetch(f"select * from {table} where tenant_id = $1", shop.tenant_id)
    ]

    for secret in (repr(app.secret)[2:-1], totp.shown_secret(app.secret), *codes, codes[0].replace("-", "")):
        assert secret not in "".join(stored)


async def test_the_audit_log_says_who_added_and_removed_it(shop: Shop, clock: Clock) -> None:
    app, codes = await confirmed(shop, clock)
    await app.call(f"/{app.id}/remove", otpCode=codes[0])

    found = [
        one for one in await entries(shop, app.ticket["customerAccount"]["id"]) if "SecondFactor" in one["fieldPath"]
    ]

    assert [(one["description"], one["oldValue"], one["newValue"], one["entryUser"]) for one in found] == [
        ("Second factor removed", "My phone", None, app.ticket["userId"]),
        ("Second factor added", None, "My phone", app.ticket["userId"]),
    ]
    assert found[0]["fieldPath"] == f"/Customer/SecondFactors/{app.id}"
    assert datetime.fromisoformat(found[0]["entryDate"])
