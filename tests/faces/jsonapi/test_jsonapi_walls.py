"""Every operation of the face: another organization's id is answered as one that nobody has; who may do what.

The walks follow the routes, so that a new resource is in them from its first day (`jsonapi_forms.py` has its form).
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from jsonapi_forms import FORMS, Things, body, change, stock
from organizations import Organization, open_organization
from patron.jsonapi import ids
from patron.jsonapi.catalogue import ROUTES, SERVED
from patron.jsonapi.operations import Route
from patron.kernel.db import Database
from shops import open_shop
from webapps import open_webapp

NOBODY = 2**52 + 7  # the number of nothing
NAMES = [route.key for route in ROUTES]
WITH_IDS = [route for route in ROUTES if "{id}" in route.path]

# What sales channels may (behaviour 3), in the letters of resources: guests, and what customers may beyond.
MAY = {
    "customers": ("C", "SUD"),
    "customer_groups": ("", ""),
    "customer_addresses": ("", "CSLUD"),
    "addresses": ("CSUD", ""),
    "customer_password_resets": ("U", ""),
    "customer_payment_sources": ("", "SLUD"),
    "external_payments": ("", "S"),
    "wire_transfers": ("", "S"),
    "customer_subscriptions": ("CSUD", "L"),
    "orders": ("CSU", "L"),
    "order_subscriptions": ("", "SLU"),
    "returns": ("CSU", "L"),
    "sku_lists": ("CSUD", ""),
    "sku_list_items": ("CSUD", ""),
    "organizations": ("S", ""),
    "applications": ("S", ""),
    "tags": ("", ""),
    "markets": ("SL", ""),
    "stores": ("SL", ""),
}


class World:
    """Two organizations that know nothing of each other, with one of everything in each, and tokens of the first."""

    own: Organization
    foreign: Organization
    own_things: Things
    foreign_things: Things
    tokens: dict[str, str]


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> AsyncIterator[World]:
    """The foreign organization must be the same when the walk is over."""
    made = World()
    made.own = await open_organization(await open_shop(http, database), database)
    made.foreign = await open_organization(await open_shop(http, database), database)
    await stock(made.own)
    made.own_things, made.foreign_things = await stock(made.own), await stock(made.foreign)
    guest = await made.own.guest_token()
    ticket = await made.own.customer_ticket(made.own_things["email"], "Secret-42-word")
    webapp = await (await open_webapp(made.own, database)).ticket()
    made.tokens = {
        "integration": made.own.token, "webapp": webapp["access_token"], "guest": guest,
        "customer": ticket["access_token"],
    }  # fmt: skip
    before = await everything(made.foreign)
    yield made
    assert await everything(made.foreign) == before


async def everything(organization: Organization) -> list[Any]:
    """All that an organization's lists show."""
    lists = [route for route in ROUTES if route.letter == "L"]
    return [(await organization.get(f"{route.path[1:]}?page[size]=25")).json()["data"] for route in lists]


async def ask(
    world: World, route: Route, id_: str | None, *, links: Things | None = None, token: str | None = None
) -> httpx.Response:
    """The request of an operation, for an id, with links to these things."""
    type_ = route.resource.type
    sent = None
    if route.letter == "C":
        sent = body(type_, links or world.own_things)
    elif route.letter == "U":
        sent = change(type_, id_ or "")
    return await world.own.call(route.method, route.path[1:].replace("{id}", id_ or ""), sent, token=token)


def facts(answer: httpx.Response, id_: str) -> tuple[int, str]:
    """Status and body, without the id that was asked for."""
    text = json.dumps(answer.json()) if answer.content else ""
    return answer.status_code, re.sub(rf"\b{re.escape(id_)}\b", "<id>", text)


def test_every_resource_that_can_be_made_has_a_form() -> None:
    assert [type_ for type_, one in SERVED.items() if one.create is not None and type_ not in FORMS] == []


def test_there_is_one_of_everything(world: World) -> None:
    """Else a walk would ask for nothing but ids that nobody has."""
    assert SERVED.keys() - world.own_things.keys() == set()
    assert SERVED.keys() - world.foreign_things.keys() == set()


@pytest.mark.parametrize("route", WITH_IDS, ids=[route.key for route in WITH_IDS])
async def test_a_foreign_id_is_answered_like_an_unknown_one(world: World, route: Route) -> None:
    type_ = route.resource.type
    unknown = ids.shown(NOBODY)
    foreign = world.foreign_things.get(type_, unknown)
    answers = [facts(await ask(world, route, one), one) for one in (foreign, unknown)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@pytest.mark.parametrize("type_", [one for one in FORMS if one in SERVED and FORMS[one].links])
async def test_a_link_to_a_foreign_thing_is_answered_like_one_to_nothing(world: World, type_: str) -> None:
    route = next(route for route in ROUTES if (route.letter, route.resource.type) == ("C", type_))
    unknown = {name: ids.shown(NOBODY) for name in FORMS[type_].links.values()}
    foreign = {name: world.foreign_things[name] for name in FORMS[type_].links.values()}
    answers = []
    for links in (foreign, unknown):
        answer = await ask(world, route, None, links=world.own_things | links)
        answers.append((answer.status_code, answer.json()["errors"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


@pytest.mark.parametrize("route", ROUTES, ids=NAMES)
async def test_each_kind_of_caller_may_what_the_contract_says(world: World, route: Route) -> None:
    """Asked of an id that nobody has: whoever may, hears that it is not there. Making sends what cannot be read."""
    type_ = route.resource.type
    guest, more = MAY.get(type_, ("", ""))
    id_ = ids.shown(NOBODY)
    sent: Any = {"data": 7} if route.letter == "C" else change(type_, id_) if route.letter == "U" else None
    path = route.path[1:].replace("{id}", id_)
    may = {"guest": guest, "customer": guest + more, "integration": route.letter, "webapp": route.letter}
    for kind, letters in may.items():
        answer = await world.own.call(route.method, path, sent, token=world.tokens[kind])
        if route.letter in letters:
            wanted = {"C": 400, "L": 200}.get(route.letter, 404 if "{id}" in route.path else 200)
            assert answer.status_code == wanted, (kind, answer.text)
        else:
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED"), kind
    nobody = await ask(world, route, world.own_things.get(type_, "nobody"), token="nonsense")
    assert (nobody.status_code, nobody.json()["errors"][0]["code"]) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize("type_", [type_ for type_, one in SERVED.items() if "L" in one.customer])
async def test_a_customer_s_lists_hold_their_own(world: World, type_: str) -> None:
    guest = await world.own.guest_token()
    email = f"lonely-{type_}@example.com"
    await world.own.create("customers", email=email, password="Secret-42-word", token=guest)
    token = (await world.own.customer_ticket(email, "Secret-42-word"))["access_token"]
    mine = await world.own.get(type_, token=world.tokens["customer"])
    assert [one["id"] for one in mine.json()["data"]] == [world.own_things[type_]]
    nothing = await world.own.get(f"{type_}?filter[ids]={world.own_things[type_]}", token=token)
    assert (nothing.status_code, nothing.json()["data"]) == (200, [])


@pytest.mark.parametrize("type_", sorted(SERVED))
async def test_every_include_and_filter_of_every_resource_runs(world: World, type_: str) -> None:
    """Also two relationships deep: names of tables in statements must not meet."""
    resource = SERVED[type_]
    if "L" not in resource.letters:
        return
    for one in resource.relationships:
        if not one.includes:
            continue
        below = [
            two for target in one.targets if target in SERVED for two in SERVED[target].relationships if two.includes
        ]
        paths = [one.name, *(f"{one.name}.{two.name}" for two in below)][:29]
        answer = await world.own.get(f"{type_}?include={','.join(paths)}")
        assert answer.status_code == 200, answer.text
    names = names_of(type_, 2)
    for some in (names[at : at + 30] for at in range(0, len(names), 30)):
        asked = "&".join(f"filter[q][{name}_present]=false" for name in some)
        answer = await world.own.get(f"{type_}?{asked}")
        assert answer.status_code == 200, (some, answer.text)
    sorts = [attribute.name for attribute in resource.attributes if attribute.sorts]
    for some in (sorts[at : at + 8] for at in range(0, len(sorts), 8)):
        answer = await world.own.get(f"{type_}?sort=-{',-'.join(some)}&page[size]=1")
        assert answer.status_code == 200, (some, answer.text)
        if (cursor := answer.json()["meta"].get("next_cursor")) is not None:
            after = await world.own.get(f"{type_}?sort=-{',-'.join(some)}&page[after]={cursor}")
            assert after.status_code == 200, (some, after.text)


def names_of(type_: str, depth: int) -> list[str]:
    """What a filter may ask about, across as many relationships."""
    resource = SERVED[type_]
    found = ["id", *(one.name for one in resource.attributes if one.field is not None)]
    for one in resource.relationships:
        target = one.targets[0]
        if depth and one.filters and one.kind is None and (one.own or one.key) and target in SERVED and target != type_:
            deeper = names_of(target, depth - 1)
            found += [f"{one.name}_{name}" for name in deeper if not name.startswith(tuple(links_to(target, type_)))]
    return found


def links_to(type_: str, target: str) -> list[str]:
    """The names by which a type leads to another."""
    return [f"{one.name}_" for one in SERVED[type_].relationships if target in one.targets] or ["\0"]


@pytest.mark.parametrize("type_", sorted(SERVED))
async def test_every_related_list_is_filtered_and_sorted_as_its_own_is(world: World, type_: str) -> None:
    resource = SERVED[type_]
    if type_ not in world.own_things:
        return
    for one in resource.relationships:
        target = SERVED.get(one.targets[0])
        if not one.to_many or target is None or one.key is None:
            continue
        path = f"{type_}/{world.own_things[type_]}/{one.name}"
        names = [attribute.name for attribute in target.attributes if attribute.field is not None][:90]
        answer = await world.own.get(f"{path}?{'&'.join(f'filter[q][{name}_null]=false' for name in names)}")
        assert answer.status_code == 200, answer.text
        sorts = [attribute.name for attribute in target.attributes if attribute.sorts]
        for some in (sorts[at : at + 8] for at in range(0, len(sorts), 8)):
            assert (await world.own.get(f"{path}?sort={','.join(some)}")).status_code == 200, some


@pytest.mark.parametrize("type_", [one for one in FORMS if one in SERVED and SERVED[one].update is not None])
async def test_null_is_taken_or_refused(world: World, type_: str) -> None:
    """For every attribute that can be changed, and on create: what cannot be nothing is a fault of the caller's."""
    for attribute in (*SERVED[type_].attributes, *SERVED[type_].triggers):
        if "u" in attribute.write:
            answer = await world.own.patch(type_, world.own_things[type_], {attribute.name: None})
            assert answer.status_code in (200, 422, 423), (attribute.name, answer.text)
        if "c" in attribute.write and SERVED[type_].create is not None:
            sent = body(type_, world.own_things)
            sent["data"]["attributes"][attribute.name] = None
            made = await world.own.call("POST", type_, sent)
            assert made.status_code in (201, 422, 423), (attribute.name, made.text)
