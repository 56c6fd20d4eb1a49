"""The page on which users allow web apps, the codes that it gives, and the tokens that they become (RFC 6749 4.1)."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from test_jsonapi_tokens import OWNED, claims, error

from organizations import Organization
from patron.jsonapi import ids
from patron.kernel.db import Database
from stage import Clock
from statements import Counting, Watch
from webapps import CHALLENGE, FROM_US, PAGE, PASSWORD, REDIRECT_URI, VERIFIER, WebApp, hidden, open_webapp, said

S256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@pytest_asyncio.fixture
async def webapp(organization: Organization, database: Database) -> WebApp:
    """A web app that keeps a secret."""
    return await open_webapp(organization, database)


@pytest_asyncio.fixture
async def public(organization: Organization, database: Database) -> WebApp:
    """A web app that keeps none."""
    return await open_webapp(organization, database, has_secret=False)


async def is_good(organization: Organization, token: str) -> bool:
    answer = await organization.http.get("/oauth/tokeninfo", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def test_a_user_allows_a_web_app_and_it_gets_a_token(webapp: WebApp) -> None:
    page = await webapp.ask()
    assert page.status_code == 200
    assert "Allow Back &lt;office&gt; &amp; more?" in page.text
    assert "sent to app.example." in page.text
    assert hidden(page) == webapp.question()
    told = said(await webapp.answer(page))
    assert set(told) == {"code", "state"}
    assert told["state"] == "st&te=1"

    answer = await webapp.exchange(told["code"])

    assert set(answer.json()) == OWNED
    user_id = ids.shown(webapp.user_id)
    assert (answer.json()["owner_id"], answer.json()["owner_type"]) == (user_id, "user")
    assert (answer.json()["scope"], answer.json()["expires_in"]) == ("market:all", 7_200)
    said_by_token = claims(answer)
    assert said_by_token["owner"] == {"type": "User", "id": user_id}
    assert "market" not in said_by_token
    assert {name: said_by_token["application"][name] for name in ("kind", "public", "confidential")} == {
        "kind": "webapp", "public": False, "confidential": True,
    }  # fmt: skip
    token = answer.json()["access_token"]
    assert (await webapp.organization.get("customers", token=token)).status_code == 200
    app = (await webapp.organization.get("application", token=token)).json()["data"]["attributes"]
    assert (app["kind"], app["redirect_uri"]) == ("webapp", f"{REDIRECT_URI}\ncom.example.app:/in")


async def test_what_a_user_s_token_is_worth(webapp: WebApp) -> None:
    token = (await webapp.ticket())["access_token"]
    told = await webapp.http.get("/oauth/tokeninfo", headers={"authorization": f"Bearer {token}"})
    assert told.json()["owner"] == {
        "id": ids.shown(webapp.user_id), "type": "User", "first_name": "Kim", "last_name": "Lee",
        "email": webapp.email, "owner": False, "time_zone": None,
    }  # fmt: skip
    assert (told.json()["application"]["kind"], told.json()["role"]["kind"]) == ("webapp", "admin")
    assert told.json()["permissions"]["customers"]["actions"] == ["create", "read", "update", "destroy"]


async def test_the_page_loads_nothing_and_stands_in_no_frame(webapp: WebApp) -> None:
    for page in (await webapp.ask(), await webapp.ask(client_id="nobody")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; style-src 'sha256-" in policy
        assert "frame-ancestors 'none'; base-uri 'none'" in policy
        assert (page.headers["x-frame-options"], page.headers["cache-control"]) == ("DENY", "no-store")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "<script" not in page.text
        assert "set-cookie" not in page.headers
    assert "form-action 'self' https://app.example;" in (await webapp.ask()).headers["content-security-policy"]
    own = await webapp.ask(redirect_uri="com.example.app:/in")
    assert "form-action 'self' com.example.app:;" in own.headers["content-security-policy"]
    odd = await webapp.ask(state='"><script>alert(1)</script>')
    assert "<script" not in odd.text
    assert hidden(odd)["state"] == '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "a\0b"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": REDIRECT_URI + "&more=1"},
        {"redirect_uri": REDIRECT_URI.upper()},
        {"redirect_uri": REDIRECT_URI.partition("?")[0]},
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(webapp: WebApp, wrong: dict[str, Any]) -> None:
    """Neither with a code nor with an error."""
    for answer in (
        await webapp.ask(**wrong),
        await webapp.http.post(PAGE, data=webapp.question(**wrong) | {"decision": "deny"}, headers=FROM_US),
    ):
        assert answer.status_code == 400, answer.text
        assert "location" not in answer.headers
        assert "<form" not in answer.text


async def test_only_web_apps_have_the_page(
    webapp: WebApp, organization: Organization, other_organization: Organization, database: Database
) -> None:
    """The other kinds are told what a client that nobody has is told."""
    unknown = await webapp.ask(client_id="nobody")
    for client_id in (organization.integration, organization.channel, organization.shop.client_id):
        answer = await webapp.ask(client_id=client_id)
        assert (answer.status_code, answer.text) == (400, unknown.text)
    await database.session().execute(
        "update application set is_active = false where tenant_id = $1 and client_id = $2",
        organization.shop.tenant_id, webapp.client_id,
    )  # fmt: skip
    assert (await webapp.ask()).text == unknown.text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "market:code:nowhere"}, "invalid_scope"),
        ({"scope": "x" * 2_000}, "invalid_scope"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_what_else_is_wrong_is_told_to_the_app(webapp: WebApp, wrong: dict[str, Any], code: str) -> None:
    for answer in (
        await webapp.ask(**wrong),
        await webapp.http.post(PAGE, data=webapp.question(**wrong), headers=FROM_US),
    ):
        told = said(answer)
        assert (told["error"], told["state"], "code" in told) == (code, "st&te=1", False)
        assert told["error_description"]


async def test_a_parameter_that_comes_twice_is_refused(webapp: WebApp) -> None:
    asked = list(webapp.question().items())
    told = said(await webapp.http.get(PAGE, params=[*asked, ("state", "other")]))
    assert (told["error"], "state" in told) == ("invalid_request", False)
    for name in ("client_id", "redirect_uri"):
        twice = await webapp.http.get(PAGE, params=[*asked, (name, webapp.question()[name])])
        assert twice.status_code == 400


async def test_who_does_not_want_to_needs_no_password(webapp: WebApp) -> None:
    told = said(await webapp.answer(await webapp.ask(), decision="deny", email="", password=""))
    assert (told["error"], told["state"]) == ("access_denied", "st&te=1")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", **FROM_US},
        {"sec-fetch-site": "none"},
    ],
)
async def test_another_site_s_form_is_refused(webapp: WebApp, headers: dict[str, str]) -> None:
    page = await webapp.ask()
    for typed in ({}, {"decision": "deny"}):
        refused = await webapp.answer(page, headers=headers, **typed)
        assert refused.status_code == 400
        assert "location" not in refused.headers
    ours = {"sec-fetch-site": "same-origin", "origin": "https://behind-a-proxy.example"}
    assert said(await webapp.answer(page, headers=ours))["code"]


async def test_wrong_passwords_and_strangers_are_told_alike(
    webapp: WebApp, other_organization: Organization, database: Database
) -> None:
    elsewhere = await open_webapp(other_organization, database)
    page = await webapp.ask()
    told = set()
    for typed in (
        {"password": "wrong"},
        {"password": ""},
        {"password": "x" * 2_000},
        {"email": "nobody@example.com"},
        {"email": elsewhere.email},
        {"email": ""},
        {"email": "x" * 1_000},
    ):
        answer = await webapp.answer(page, **typed)
        assert answer.status_code == 422, typed
        told.add(answer.text.replace(f'value="{typed.get("email", webapp.email)}"', ""))
    assert len({text.replace(" autofocus", "") for text in told}) == 1
    shouted = await webapp.answer(page, email=f" {webapp.email.upper()} ")
    assert said(shouted)["code"]


async def test_a_wrong_password_costs_the_same_whoever_it_is(webapp: WebApp, statements: Watch) -> None:
    """The statements are many or few, and each is the same: the answer's time tells nobody who works here."""
    page, heard = await webapp.ask(), []
    for email in (webapp.email, "nobody@example.com"):
        with Counting(statements) as counting:
            await webapp.answer(page, email=email, password="wrong")
        heard.append(len(counting.heard))
    assert heard[0] == heard[1]


async def test_guesses_slow_down_whoever_is_guessed_at(webapp: WebApp, clock: Clock) -> None:
    page = await webapp.ask()
    for email in (webapp.email, "nobody@example.com"):
        for _ in range(5):
            assert (await webapp.answer(page, email=email, password="wrong")).status_code == 422
    assert (await webapp.answer(page)).status_code == 422
    clock.advance(seconds=31)
    assert said(await webapp.answer(page))["code"]


async def test_a_code_is_good_once_and_its_second_use_ends_what_it_gave(webapp: WebApp) -> None:
    code = await webapp.code()
    first = (await webapp.exchange(code)).json()
    refreshed = await webapp.organization.ask_token(
        grant_type="refresh_token", **webapp.client, refresh_token=first["refresh_token"]
    )
    tokens = [first["access_token"], refreshed.json()["access_token"]]
    other = (await webapp.ticket())["access_token"]
    assert all([await is_good(webapp.organization, token) for token in [*tokens, other]])

    again = await webapp.exchange(code)

    assert error(again) == (401, "invalid_grant", "UNAUTHORIZED")
    assert [await is_good(webapp.organization, token) for token in [*tokens, other]] == [False, False, True]
    late = await webapp.organization.ask_token(
        grant_type="refresh_token", **webapp.client, refresh_token=refreshed.json()["refresh_token"]
    )
    assert error(late)[1] == "invalid_grant"


async def test_of_many_who_show_a_code_at_once_none_keeps_a_token(webapp: WebApp) -> None:
    code = await webapp.code()
    answers = await asyncio.gather(*(webapp.exchange(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    token = next(answer.json()["access_token"] for answer in answers if answer.status_code == 200)
    assert not await is_good(webapp.organization, token)


async def test_a_code_is_bound_to_its_app_its_address_and_ten_minutes(
    webapp: WebApp, public: WebApp, other_organization: Organization, database: Database, clock: Clock
) -> None:
    for wrong in ({"redirect_uri": "com.example.app:/in"}, {"redirect_uri": None}, {"code_verifier": VERIFIER}):
        code = await webapp.code()
        assert error(await webapp.exchange(code, **wrong))[1] == "invalid_grant"
        assert error(await webapp.exchange(code))[1] == "invalid_grant"  # used up
    code = await webapp.code()
    for thief in (await open_webapp(webapp.organization, database), await open_webapp(other_organization, database)):
        assert error(await thief.exchange(code)) == (401, "invalid_grant", "UNAUTHORIZED")
    assert error(await webapp.exchange(code, client_secret=None)) == (401, "invalid_client", "UNAUTHORIZED")
    assert error(await webapp.exchange(code, client_secret="wrong")) == (401, "invalid_client", "UNAUTHORIZED")
    for nothing in ("x" * 64, ""):
        assert error(await webapp.exchange(nothing))[1] == "invalid_grant"
    clock.advance(minutes=9, seconds=59)
    assert (await webapp.exchange(code)).status_code == 200
    late = await webapp.code()
    clock.advance(minutes=10)
    assert error(await webapp.exchange(late))[1] == "invalid_grant"


async def test_an_app_without_a_secret_proves_that_it_asked(public: WebApp) -> None:
    told = said(await public.ask())
    assert told["error"] == "invalid_request"
    for verifier in (None, "w" * 43, CHALLENGE, ""):
        refused = await public.exchange(await public.code(**S256), code_verifier=verifier)
        assert error(refused) == (401, "invalid_grant", "UNAUTHORIZED")
    answer = await public.exchange(await public.code(**S256), code_verifier=VERIFIER)
    assert claims(answer)["application"]["confidential"] is False
    assert answer.json()["scope"] == "market:all"
    again = await public.organization.ask_token(
        grant_type="refresh_token", client_id=public.client_id, refresh_token=answer.json()["refresh_token"]
    )
    assert set(again.json()) == OWNED
    assert (await public.organization.get("customers", token=again.json()["access_token"])).status_code == 200
    for grant in ("client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", "password"):
        refused = await public.organization.ask_token(grant_type=grant, client_id=public.client_id)
        assert error(refused) == (401, "invalid_client", "UNAUTHORIZED")
    ended = await public.http.post(
        "/oauth/revoke", json={"client_id": public.client_id, "token": again.json()["access_token"]}
    )
    assert (ended.status_code, await is_good(public.organization, again.json()["access_token"])) == (200, False)


async def test_an_app_with_a_secret_may_use_pkce_as_well(webapp: WebApp) -> None:
    assert error(await webapp.exchange(await webapp.code(**S256)))[1] == "invalid_grant"
    answer = await webapp.exchange(await webapp.code(**S256), code_verifier=VERIFIER)
    assert answer.status_code == 200


async def test_the_scope_is_what_the_user_allowed(webapp: WebApp) -> None:
    scope = webapp.organization.scope
    answer = await webapp.exchange(await webapp.code(scope=scope))
    assert answer.json()["scope"] == scope
    assert claims(answer)["market"]["id"] == [ids.shown(webapp.organization.shop.site_id)]
    wider = await webapp.exchange(await webapp.code(scope=scope), scope="market:all")
    assert error(wider) == (400, "invalid_scope", "BAD_REQUEST")
    narrower = await webapp.exchange(await webapp.code(), scope=scope)
    assert narrower.json()["scope"] == scope


async def test_a_web_app_has_no_token_of_its_own(webapp: WebApp) -> None:
    refused = await webapp.organization.ask_token(grant_type="client_credentials", **webapp.client)
    assert error(refused) == (400, "unauthorized_client", "BAD_REQUEST")
    others = await webapp.exchange(
        "x", client_id=webapp.organization.integration, client_secret=webapp.organization.secret
    )
    assert error(others) == (400, "unauthorized_client", "BAD_REQUEST")


async def test_other_methods_and_large_forms_are_refused_on_a_page(webapp: WebApp) -> None:
    wrong = await webapp.http.put(PAGE)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST")
    for form in (b"x=" + b"y" * 60_000, b"client_id=%00", b"\xff\xfe", b""):
        refused = await webapp.http.post(PAGE, content=form, headers=FROM_US)
        assert (refused.status_code, refused.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert (await webapp.http.head(PAGE, params=webapp.question())).status_code == 200


async def test_what_a_user_does_is_told_of_the_user(webapp: WebApp, database: Database) -> None:
    token = (await webapp.ticket())["access_token"]
    await webapp.answer(await webapp.ask(), password="wrong")
    made = await webapp.organization.create("customers", email="new@example.com", token=token)
    rows = await database.session().fetch(
        "select topic, actor_kind, actor, application, account_id from event where tenant_id = $1 and application = $2",
        webapp.organization.shop.tenant_id, webapp.client_id,
    )  # fmt: skip
    told = {row["topic"]: (row["actor_kind"], row["actor"]) for row in rows}
    assert told["user.authorized"] == ("staff", webapp.email)
    assert told["user.sign_in_failed"] == ("application", webapp.client_id)
    assert told["account.created"] == ("staff", webapp.email)
    assert ids.read(made["id"]) in {row["account_id"] for row in rows}
    assert PASSWORD not in str(rows)
