"""The segments that an account is in."""

import httpx
import pytest

from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault, open_shop

INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def segment(database: Database, shop: Shop, code: str, *members: int, kind: str = "segment") -> int:
    """A segment with these accounts. Written as they were long ago, and as no call makes them (groups)."""
    db = database.session()
    segment_id = await db.value(
        """
        insert into segment (tenant_id, kind, code, code_key, name, description, created_at, created_by, updated_at)
        values ($1, $2, $3, lower($3), 'Name of ' || $3, nullif($3, 'plain'), '2026-10-01Z', 'staff', '2026-10-02Z')
        returning id
        """,
        shop.tenant_id,
        kind,
        code,
    )
    await db.execute(
        """
        insert into segment_member (tenant_id, segment_id, account_id, kind, since_at)
        select $1, $2, id, $3, now() from unnest($4::bigint[]) id
        """,
        shop.tenant_id,
        segment_id,
        kind,
        list(members),
    )
    return int(segment_id)


async def test_an_account_lists_its_own_segments(shop: Shop, database: Database) -> None:
    account, other = (await shop.account())["id"], (await shop.account())["id"]
    vip = await segment(database, shop, "VIP", account, other)
    await segment(database, shop, "others", other)
    plain = await segment(database, shop, "plain", account, kind="group")

    listed = (await shop.get(f"{ACCOUNTS}/{account}/segments")).json()

    assert [one["id"] for one in listed["items"]] == [vip, plain]
    assert {name: listed[name] for name in listed if name != "items"} == {
        "startIndex": 0,
        "pageSize": 20,
        "pageCount": 1,
        "totalCount": 2,
        "nextCursor": None,
    }
    assert listed["items"][0] == {
        "id": vip,
        "code": "VIP",
        "name": "Name of VIP",
        "description": "VIP",
        "auditInfo": {
            "createBy": "staff",
            "createDate": "2026-10-01T00:00:00.000Z",
            "updateBy": None,
            "updateDate": "2026-10-02T00:00:00.000Z",
        },
    }
    assert (await shop.get(f"{ACCOUNTS}/{account}")).json()["segments"] == listed["items"]


async def test_an_account_may_be_in_none(shop: Shop) -> None:
    listed = (await shop.get(f"{ACCOUNTS}/{(await shop.account())['id']}/segments")).json()

    assert (listed["items"], listed["totalCount"], listed["pageCount"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        ("code eq b1", ["B1"]),
        ("code ne b1", ["A2", "plain"]),
        ("name sw 'name of a'", ["A2"]),
        ("description eq null", ["plain"]),
        ("description cont 1", ["B1"]),
        ("createDate lt 2026-10-01", []),
        ("auditInfo.updateDate ge 2026-10-02", ["B1", "A2", "plain"]),
        ("code eq A2 or code eq plain", ["A2", "plain"]),
        ("code in [A2,b1]", ["B1", "A2"]),
    ],
)
async def test_they_are_filtered(shop: Shop, database: Database, wanted: str, codes: list[str]) -> None:
    account = (await shop.account())["id"]
    for code in ("B1", "A2", "plain"):
        await segment(database, shop, code, account)

    answer = await shop.get(f"{ACCOUNTS}/{account}/segments", params={"filter": wanted})

    assert [one["code"] for one in answer.json()["items"]] == codes
    assert answer.json()["totalCount"] == len(codes)


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ("code", ["a2", "B1", "plain"]),
        ("code desc", ["plain", "B1", "a2"]),
        ("description asc", ["plain", "a2", "B1"]),
        ("updateDate desc, name", ["a2", "B1", "plain"]),
    ],
)
async def test_they_are_sorted_and_paged(shop: Shop, database: Database, order: str, codes: list[str]) -> None:
    account = (await shop.account())["id"]
    for code in ("B1", "a2", "plain"):
        await segment(database, shop, code, account)
    path, params = f"{ACCOUNTS}/{account}/segments", {"sortBy": order, "pageSize": 2}

    first = (await shop.get(path, params=params)).json()
    by_cursor = (await shop.get(path, params=params | {"cursor": first["nextCursor"]})).json()
    by_offset = (await shop.get(path, params=params | {"startIndex": 2})).json()

    assert [one["code"] for one in first["items"]] == codes[:2]
    assert [one["code"] for one in by_cursor["items"]] == codes[2:]
    assert by_offset["items"] == by_cursor["items"]
    assert (first["pageCount"], by_cursor["nextCursor"]) == (2, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter", "kind eq group"),
        ("filter", "id eq x"),
        ("filter", "code"),
        ("sortBy", "kind"),
        ("sortBy", "code sideways"),
        ("startIndex", "-1"),
        ("pageSize", "many"),
        ("cursor", "abc"),
        ("responseFields", "items(id"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(shop: Shop, name: str, value: str) -> None:
    account = (await shop.account())["id"]

    assert fault(await shop.get(f"{ACCOUNTS}/{account}/segments", params={name: value})) == (*INVALID, name)


async def test_accounts_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop, database: Database) -> None:
    foreign = (await other_shop.account())["id"]
    await segment(database, other_shop, "VIP", foreign)

    for key in (foreign, 999_999_999, "abc"):
        assert fault(await shop.get(f"{ACCOUNTS}/{key}/segments")) == (404, "ITEM_NOT_FOUND", None), key


async def test_a_shopper_sees_the_own_only(shop: Shop, database: Database) -> None:
    ticket = await shop.shopper()
    own, other = ticket["customerAccount"]["id"], (await shop.account())["id"]
    await segment(database, shop, "VIP", own, other)

    listed = await shop.get(f"{ACCOUNTS}/{own}/segments", shopper=ticket["accessToken"])

    assert [one["code"] for one in listed.json()["items"]] == ["VIP"]
    refused = await shop.get(f"{ACCOUNTS}/{other}/segments", shopper=ticket["accessToken"])
    assert fault(refused) == (403, "FORBIDDEN", None)


async def test_the_application_needs_the_behavior(http: httpx.AsyncClient, database: Database) -> None:
    writer = await open_shop(http, database, ("customer:update",))

    assert fault(await writer.get(f"{ACCOUNTS}/1/segments")) == (403, "FORBIDDEN", None)
