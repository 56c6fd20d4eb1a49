"""The token endpoint: every grant, what tokens say, scopes, private markets, refusals (Commerce Layer behaviour 2)."""

import base64
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from organizations import Organization
from patron.jsonapi import ids
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.tenants import actions as tenants
from webapps import open_webapp

PASSWORD = "Secret-42-word"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CLAIM = "https://commercelayer.io/claims"
PLAIN = {"access_token", "token_type", "expires_in", "scope", "created_at"}
OWNED = PLAIN | {"refresh_token", "owner_id", "owner_type"}


def claims(answer: httpx.Response) -> dict[str, Any]:
    """What a token says."""
    assert answer.status_code == 200, answer.text
    part = answer.json()["access_token"].split(".")[1]
    return dict(msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """How a refusal is told."""
    assert set(answer.json()) == {"errors"}
    (one,) = answer.json()["errors"]
    assert set(one) == {"title", "detail", "code", "status", "meta"}
    assert one["status"] == answer.status_code
    return answer.status_code, one["title"], one["code"]


def assertion(**claim: Any) -> str:
    """An assertion as clients make it, but for the signature, which proves nothing."""
    payload = base64.urlsafe_b64encode(msgspec.json.encode({"iat": 1, CLAIM: claim})).decode().rstrip("=")
    return f"e30.{payload}.x"


async def asked_as_integration(organization: Organization, grant: str, **more: Any) -> httpx.Response:
    return await organization.ask_token(
        grant_type=grant, client_id=organization.integration, client_secret=organization.secret, **more
    )


async def asked_as_channel(organization: Organization, grant: str, **more: Any) -> httpx.Response:
    return await organization.ask_token(
        **{"grant_type": grant, "client_id": organization.channel, "scope": organization.scope, **more}
    )


async def customer(organization: Organization) -> tuple[str, str]:
    """A customer with a password: id and address."""
    email = f"{random_token(6)}@example.com"
    made = await organization.create("customers", email=email, password=PASSWORD)
    return made["id"], email


async def keeper(organization: Organization, database: Database, kind: str = "sales_channel") -> dict[str, str]:
    """A program of a kind that keeps a secret."""
    made = {"client_id": f"keeper-{random_token(4)}", "client_secret": random_token()}
    await tenants.create_program(
        database.session(), organization.shop.tenant_id, client_id=made["client_id"], name="Keeper", kind=kind,
        secret=made["client_secret"], takes_passwords=kind == "sales_channel", now=clock(),
    )  # fmt: skip
    return made


async def test_an_integration_s_token_says_what_it_is(organization: Organization) -> None:
    answer = await asked_as_integration(organization, "client_credentials")
    assert set(answer.json()) == PLAIN
    assert (answer.json()["token_type"], answer.json()["scope"]) == ("bearer", "market:all")
    said = claims(answer)
    assert set(said) == {"organization", "application", "scope", "exp", "iat", "iss", "test", "rand"}
    assert said["organization"] == {
        "id": ids.shown(organization.shop.tenant_id),
        "slug": organization.slug,
        "enterprise": False,
        "region": "eu-west-1",
    }
    assert {name: said["application"][name] for name in ("kind", "public", "client_id", "confidential")} == {
        "kind": "integration", "public": False, "client_id": organization.integration, "confidential": True,
    }  # fmt: skip
    assert (said["iss"], said["scope"]) == ("https://auth.patron.localhost", "market:all")
    assert said["iat"] == answer.json()["created_at"]
    assert said["exp"] - said["iat"] == 7_200
    assert isinstance(said["test"], bool)
    assert 0 <= said["rand"] < 1


async def test_a_guest_s_token_has_the_markets_of_its_scope(organization: Organization) -> None:
    answer = await asked_as_channel(organization, "client_credentials")
    assert set(answer.json()) == PLAIN
    assert answer.json()["scope"] == organization.scope
    said = claims(answer)
    site = ids.shown(organization.shop.site_id)
    assert said["market"] == {
        "id": [site], "stock_location_ids": [], "geocoder_id": None, "allows_external_prices": False,
    }  # fmt: skip
    assert (said["application"]["public"], said["application"]["confidential"]) == (True, False)
    assert said["exp"] - said["iat"] == 14_400
    assert "owner" not in said
    by_id = await asked_as_channel(organization, "client_credentials", scope=f"market:id:{site}")
    assert claims(by_id)["market"]["id"] == [site]
    every = await asked_as_channel(organization, "client_credentials", scope="market:all")
    assert claims(every)["market"]["id"] == [site]


async def test_the_token_that_runs_is_given_again(organization: Organization, database: Database) -> None:
    first = await asked_as_channel(organization, "client_credentials")
    again = await asked_as_channel(organization, "client_credentials")
    assert again.json()["access_token"] == first.json()["access_token"]
    assert again.json()["created_at"] == first.json()["created_at"]
    other = await asked_as_channel(organization, "client_credentials", scope="market:all")
    assert other.json()["access_token"] != first.json()["access_token"]

    await database.session().execute(
        "update access_grant set expires_at = $2 where tenant_id = $1", organization.shop.tenant_id,
        clock() + timedelta(minutes=14),
    )  # fmt: skip
    late = await asked_as_channel(organization, "client_credentials")
    assert claims(late)["rand"] != claims(first)["rand"]


async def test_a_customer_signs_in_with_a_password(organization: Organization) -> None:
    customer_id, email = await customer(organization)
    answer = await asked_as_channel(organization, "password", username=email.upper(), password=PASSWORD)
    assert set(answer.json()) == OWNED
    assert (answer.json()["owner_id"], answer.json()["owner_type"]) == (customer_id, "customer")
    assert claims(answer)["owner"] == {"type": "Customer", "id": customer_id}

    for name, password in ((email, "wrong"), ("nobody@example.com", PASSWORD), ("", ""), (email, "x" * 2_000)):
        refused = await asked_as_channel(organization, "password", username=name, password=password)
        assert error(refused) == (401, "invalid_grant", "UNAUTHORIZED")
    nowhere = await asked_as_channel(
        organization, "password", username=email, password=PASSWORD, scope="market:code:nowhere"
    )
    assert error(nowhere) == (400, "invalid_scope", "BAD_REQUEST")


async def test_only_a_shop_s_own_program_takes_passwords(organization: Organization, database: Database) -> None:
    _, email = await customer(organization)
    client_id = f"stranger-{random_token(4)}"
    await tenants.create_program(
        database.session(), organization.shop.tenant_id, client_id=client_id, name="Other", kind="sales_channel",
        now=clock(),
    )  # fmt: skip
    asked = {"username": email, "password": PASSWORD}
    refused = await asked_as_channel(organization, "password", client_id=client_id, **asked)
    assert error(refused) == (400, "unauthorized_client", "BAD_REQUEST")
    assert error(await asked_as_integration(organization, "password", **asked))[1] == "unauthorized_client"


async def test_a_refresh_token_is_good_once_and_keeps_the_scope(
    organization: Organization, other_organization: Organization
) -> None:
    customer_id, email = await customer(organization)
    first = await organization.customer_ticket(email, PASSWORD)
    token = first["refresh_token"]
    of_another = await asked_as_channel(other_organization, "refresh_token", refresh_token=token)
    assert error(of_another) == (401, "invalid_grant", "UNAUTHORIZED")

    answer = await asked_as_channel(organization, "refresh_token", refresh_token=token, scope="market:all")
    assert set(answer.json()) == OWNED
    assert answer.json()["refresh_token"] != token
    assert (answer.json()["scope"], answer.json()["owner_id"]) == (organization.scope, customer_id)
    again = await asked_as_channel(organization, "refresh_token", refresh_token=token)
    assert error(again) == (401, "invalid_grant", "UNAUTHORIZED")
    assert again.json() == of_another.json()
    next_one = await asked_as_channel(organization, "refresh_token", refresh_token=answer.json()["refresh_token"])
    assert next_one.status_code == 200


async def test_a_refresh_token_of_who_kept_a_secret_needs_it(organization: Organization, database: Database) -> None:
    _, email = await customer(organization)
    program = await keeper(organization, database)
    first = await asked_as_channel(organization, "password", username=email, password=PASSWORD, **program)
    assert claims(first)["application"]["confidential"] is True
    token = first.json()["refresh_token"]
    bare = await asked_as_channel(organization, "refresh_token", client_id=program["client_id"], refresh_token=token)
    assert error(bare)[1] == "invalid_grant"
    assert (await asked_as_channel(organization, "refresh_token", refresh_token=token, **program)).status_code == 200


async def test_an_assertion_names_an_owner_or_carries_a_claim(organization: Organization, database: Database) -> None:
    customer_id, _ = await customer(organization)
    owner = {"type": "Customer", "id": customer_id}
    answer = await asked_as_integration(organization, JWT_BEARER, assertion=assertion(owner=owner))
    assert set(answer.json()) == OWNED
    assert claims(answer)["owner"] == owner
    assert "custom_claim" not in claims(answer)
    large = {"text": "x" * 2_500}
    carried = await asked_as_integration(organization, JWT_BEARER, assertion=assertion(custom_claim=large))
    assert set(carried.json()) == PLAIN | {"refresh_token"}
    assert claims(carried)["custom_claim"] == large
    assert (await organization.get("customers", token=carried.json()["access_token"])).status_code == 200
    program = await keeper(organization, database)
    sold = await asked_as_channel(organization, JWT_BEARER, assertion=assertion(owner=owner), **program)
    seen = await organization.get(f"customers/{customer_id}", token=sold.json()["access_token"])
    assert seen.status_code == 200


async def test_assertions_that_assert_nothing_are_refused(
    organization: Organization, other_organization: Organization
) -> None:
    stranger, _ = await customer(other_organization)
    gone, _ = await customer(organization)
    await organization.call("DELETE", f"customers/{gone}")
    texts = [
        assertion(),
        assertion(custom_claim={}),
        assertion(custom_claim={"text": "a\0b"}),
        assertion(custom_claim={"text": "x" * 4_000}),
        assertion(owner={"type": "Customer", "id": stranger}),
        assertion(owner={"type": "Customer", "id": gone}),
        assertion(owner={"type": "User", "id": stranger}),
        assertion(owner={"type": "Customer"}),
        "a.b",
        "e30.!!!.x",
        "",
    ]
    for text in texts:
        refused = await asked_as_integration(organization, JWT_BEARER, assertion=text)
        assert error(refused) == (400, "invalid_assertion", "BAD_REQUEST"), text
        assert refused.json()["errors"][0]["detail"] == "The provided assertion is invalid."
    right = assertion(custom_claim={"a": 1})
    assert error(await asked_as_channel(organization, JWT_BEARER, assertion=right))[1] == "invalid_assertion"


async def test_wrong_clients_are_told_alike(organization: Organization, other_organization: Organization) -> None:
    bodies: list[dict[str, Any]] = [
        {"client_id": "nobody"},
        {},
        {"client_id": organization.integration},
        {"client_id": organization.integration, "client_secret": "wrong"},
        {"client_id": organization.integration, "client_secret": other_organization.secret},
        {"client_id": organization.channel, "client_secret": organization.secret},
        {"client_id": organization.shop.client_id, "client_secret": organization.shop.client_secret},
    ]
    told = []
    for body in bodies:
        answer = await organization.ask_token(grant_type="client_credentials", **body)
        assert error(answer) == (401, "invalid_client", "UNAUTHORIZED")
        told.append(answer.json())
    assert all(one == told[0] for one in told)


async def test_what_cannot_be_read_is_refused(organization: Organization) -> None:
    unknown = await asked_as_integration(organization, "device_code")
    assert error(unknown) == (400, "unsupported_grant_type", "BAD_REQUEST")
    for body in (b"", b"[", b"[]", b'{"client_id": 7}', b'{"client_id": "a\\u0000b"}'):
        answer = await organization.http.post("/oauth/token", content=body)
        assert answer.status_code == 400, body
        assert error(answer)[1] == "invalid_request"
    for method, path, allow in (
        ("GET", "token", "POST"),
        ("PUT", "revoke", "POST"),
        ("POST", "tokeninfo", "GET, HEAD"),
    ):
        wrong = await organization.http.request(method, f"/oauth/{path}")
        assert error(wrong) == (405, "Method not allowed", "METHOD_NOT_ALLOWED")
        assert wrong.headers["allow"] == allow
    assert (await organization.http.get("/oauth/nothing")).status_code == 404
    for scope in (
        "market",
        "market:code:nowhere",
        "market:id:kWjzbLyVHx",
        "stock_location:id:x",
        "x" * 2_000,
        "market:2",
    ):
        refused = await asked_as_channel(organization, "client_credentials", scope=scope)
        assert error(refused) == (400, "invalid_scope", "BAD_REQUEST"), scope


async def test_a_form_does_as_well_as_json(organization: Organization) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": organization.integration,
        "client_secret": organization.secret,
    }
    answer = await organization.http.post("/oauth/token", data=form)
    assert answer.status_code == 200
    gone = await organization.http.post("/oauth/revoke", data={**form, "token": answer.json()["access_token"]})
    assert (gone.status_code, gone.json()) == (200, {})


async def test_a_sales_channel_without_a_market_can_do_nothing(organization: Organization) -> None:
    answer = await organization.ask_token(grant_type="client_credentials", client_id=organization.channel)
    assert (answer.json()["scope"], "market" in claims(answer)) == ("", False)
    refused = await organization.get("customers/kWjzbLyVHx", token=answer.json()["access_token"])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


async def test_a_private_market_is_for_members_of_its_group(organization: Organization, database: Database) -> None:
    group = await organization.create("customer_groups", name="Members")
    site = await tenants.create_site(database.session(), organization.shop.tenant_id, name="Private", now=clock())
    await tenants.set_site_code(database.session(), organization.shop.tenant_id, site, "private")
    await database.session().execute(
        "update site set group_id = $3 where tenant_id = $1 and id = $2", organization.shop.tenant_id, site,
        ids.read(group["id"]),
    )  # fmt: skip
    private = {"scope": "market:code:private"}
    refused = await asked_as_channel(organization, "client_credentials", **private)
    assert error(refused) == (400, "invalid_scope", "BAD_REQUEST")
    every = await asked_as_channel(organization, "client_credentials", scope="market:all")
    assert claims(every)["market"]["id"] == [ids.shown(organization.shop.site_id)]

    customer_id, email = await customer(organization)
    person = {"username": email, "password": PASSWORD}
    assert error(await asked_as_channel(organization, "password", **person, **private))[1] == "invalid_scope"
    linked = {"customer_group": {"data": {"type": "customer_groups", "id": group["id"]}}}
    assert (await organization.patch("customers", customer_id, relationships=linked)).status_code == 200
    entered = await asked_as_channel(organization, "password", **person, **private)
    assert claims(entered)["market"]["id"] == [ids.shown(site)]
    all_of_them = await asked_as_channel(organization, "password", **person, scope="market:all")
    assert len(claims(all_of_them)["market"]["id"]) == 2
    assert (await asked_as_integration(organization, "client_credentials", **private)).status_code == 200


async def test_an_account_of_another_customer_set_is_no_customer(
    organization: Organization, database: Database
) -> None:
    db, tenant_id = database.session(), organization.shop.tenant_id
    await tenants.create_customer_set(db, tenant_id, code="wholesale", name="Wholesale", now=clock())
    account = await organization.shop.account(emailAddress="buyer@example.com")
    await db.execute(
        "update account set customer_set_code = 'wholesale' where tenant_id = $1 and id = $2", tenant_id, account["id"]
    )
    owner = assertion(owner={"type": "Customer", "id": ids.shown(account["id"])})
    assert error(await asked_as_integration(organization, JWT_BEARER, assertion=owner))[1] == "invalid_assertion"


async def test_an_assertion_names_a_user(
    organization: Organization, other_organization: Organization, database: Database
) -> None:
    """For integrations and web apps. Sales channels are what customers use; and web apps act for somebody always."""
    webapp = await open_webapp(organization, database)
    owner = {"type": "User", "id": ids.shown(webapp.user_id)}
    answer = await asked_as_integration(organization, JWT_BEARER, assertion=assertion(owner=owner))
    assert set(answer.json()) == OWNED
    assert (answer.json()["owner_id"], answer.json()["owner_type"]) == (owner["id"], "user")
    assert claims(answer)["owner"] == owner
    app = await organization.ask_token(grant_type=JWT_BEARER, assertion=assertion(owner=owner), **webapp.client)
    assert claims(app)["application"]["kind"] == "webapp"
    for token in (answer.json()["access_token"], app.json()["access_token"]):
        assert (await organization.get("customers", token=token)).status_code == 200
    again = await asked_as_integration(organization, "refresh_token", refresh_token=answer.json()["refresh_token"])
    assert claims(again)["owner"] == owner

    channel, foreign = await keeper(organization, database), await open_webapp(other_organization, database)
    for program, claim in (
        (channel, {"owner": owner}),
        (webapp.client, {"owner": {"type": "User", "id": ids.shown(foreign.user_id)}}),
        (webapp.client, {"owner": {"type": "user", "id": owner["id"]}}),
        (webapp.client, {"custom_claim": {"a": 1}}),
    ):
        refused = await organization.ask_token(grant_type=JWT_BEARER, assertion=assertion(**claim), **program)
        assert error(refused) == (400, "invalid_assertion", "BAD_REQUEST"), claim
