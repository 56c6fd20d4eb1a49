"""Segments are made, changed and removed, and accounts put in and taken out (Kibo behaviour 10)."""

from typing import Any

import pytest

from patron.kernel.db import Database
from patron.segments.actions import ACCOUNTS_AT_ONCE_MAX
from shops import ACCOUNTS, Shop, fault
from statements import Counting, Watch

SEGMENTS = "/api/commerce/customer/segments"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
MISSING = (404, "ITEM_NOT_FOUND", None)
TAKEN = (409, "ITEM_ALREADY_EXISTS", None)


async def made(shop: Shop, **fields: Any) -> dict[str, Any]:
    """A new segment."""
    answer = await shop.post(SEGMENTS, {"name": "Tea drinkers", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def members(shop: Shop, segment_id: int) -> list[int]:
    """The accounts in a segment, as three ways of asking have it."""
    listed = (await shop.get(f"{SEGMENTS}/{segment_id}/accounts", params={"pageSize": 200})).json()
    found = (await shop.get(ACCOUNTS, params={"filter": f"segments.id eq {segment_id}", "pageSize": 200})).json()
    ids = [one["accountId"] for one in listed["items"]]
    assert ids == [one["id"] for one in found["items"]]
    assert len(ids) == listed["totalCount"]
    for account_id in ids:
        own = (await shop.get(f"{ACCOUNTS}/{account_id}/segments")).json()["items"]
        assert segment_id in [one["id"] for one in own]
    return ids


async def test_a_segment_is_made_read_changed_and_removed(shop: Shop) -> None:
    body = {"code": "tea", "name": " Tea drinkers ", "description": "Bought tea.", "id": 7}
    first = await shop.post(SEGMENTS, body)
    segment = first.json()
    one = f"{SEGMENTS}/{segment['id']}"
    assert {name: segment[name] for name in ("code", "name", "description")} == {
        "code": "tea",
        "name": "Tea drinkers",
        "description": "Bought tea.",
    }
    assert segment["auditInfo"]["createBy"] == shop.client_id
    assert (await shop.get(one)).json() == segment
    assert (await shop.get(SEGMENTS)).json()["items"] == [segment]

    changed = (await shop.put(one, {"name": "Friends of tea"})).json()
    assert (changed["id"], changed["code"], changed["description"]) == (segment["id"], "tea", None)
    assert changed["auditInfo"]["createDate"] == segment["auditInfo"]["createDate"]

    assert (await shop.delete(one)).status_code == 204
    assert fault(await shop.get(one)) == MISSING
    assert (await shop.get(SEGMENTS)).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [("Big spenders (EU)", "big-spenders-eu"), ("Crème brûlée", "creme-brulee"), ("字", "字"), ("!?", "segment")],
)
async def test_a_segment_without_a_code_gets_one_from_its_name(shop: Shop, name: str, code: str) -> None:
    assert (await made(shop, name=name))["code"] == code


async def test_a_code_is_taken_once_in_any_case(shop: Shop, other_shop: Shop) -> None:
    segment = await made(shop, code="Tea")
    other = await made(shop, code="coffee")

    assert fault(await shop.post(SEGMENTS, {"code": "TEA", "name": "x"})) == TAKEN
    assert fault(await shop.put(f"{SEGMENTS}/{other['id']}", {"code": "tea", "name": "x"})) == TAKEN
    assert (await shop.put(f"{SEGMENTS}/{segment['id']}", {"code": "tEA", "name": "x"})).json()["code"] == "tEA"
    await made(other_shop, code="Tea")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "x", "code": "c" * 101}, "code"),
        ({"name": "x", "description": "d" * 2_001}, "description"),
        ({"name": "x", "description": "4111 1111 1111 1111"}, "description"),
        ([], "body"),
    ],
)
async def test_a_bad_segment_is_refused_by_name(shop: Shop, body: Any, field: str) -> None:
    segment = await made(shop, code="fine")

    assert fault(await shop.post(SEGMENTS, body)) == (*INVALID, field)
    assert fault(await shop.put(f"{SEGMENTS}/{segment['id']}", body)) == (*INVALID, field)
    assert (await shop.get(SEGMENTS)).json()["items"] == [segment]


async def test_a_segment_of_nobody_and_of_others_is_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign, account = (await made(other_shop))["id"], (await shop.account())["id"]
    for key in (foreign, 999_999_999, "abc", "-1", 2**70):
        one = f"{SEGMENTS}/{key}"
        for method, path, body in (
            ("GET", one, None),
            ("PUT", one, {"name": "x"}),
            ("DELETE", one, None),
            ("GET", f"{one}/accounts", None),
            ("POST", f"{one}/accounts", [account]),
            ("DELETE", f"{one}/accounts/{account}", None),
        ):
            assert fault(await shop.call(method, path, json=body)) == MISSING, (method, path)


async def test_a_stale_change_is_refused(shop: Shop) -> None:
    segment = await made(shop)
    one = f"{SEGMENTS}/{segment['id']}"
    etag = (await shop.get(one)).headers["etag"]
    await shop.put(one, {"name": "Changed"})

    for method in ("PUT", "DELETE"):
        answer = await shop.call(method, one, json={"name": "Again"}, headers={"If-Match": etag})
        assert fault(answer) == (412, "PRECONDITION_FAILED", None)
    assert (await shop.get(one)).json()["name"] == "Changed"


async def test_accounts_are_put_in_and_taken_out(shop: Shop) -> None:
    segment_id = (await made(shop))["id"]
    path = f"{SEGMENTS}/{segment_id}/accounts"
    ids = [(await shop.account())["id"] for _ in range(3)]

    added = await shop.post(path, [ids[2], ids[0], ids[2]])
    assert (added.status_code, added.content) == (201, b"")
    assert await members(shop, segment_id) == [ids[0], ids[2]]

    since = (await shop.get(path)).json()["items"][0]
    await shop.post(path, [ids[0], ids[1]])
    assert await members(shop, segment_id) == ids
    assert (await shop.get(path)).json()["items"][0] == since
    assert since["addedBy"] == shop.client_id

    assert (await shop.delete(f"{path}/{ids[0]}")).status_code == 204
    assert fault(await shop.delete(f"{path}/{ids[0]}")) == MISSING
    assert await members(shop, segment_id) == ids[1:]
    assert (await shop.post(path, [])).status_code == 201


async def test_an_unknown_account_keeps_all_out(shop: Shop, other_shop: Shop) -> None:
    segment_id = (await made(shop))["id"]
    own, foreign = (await shop.account())["id"], (await other_shop.account())["id"]
    for bad in (foreign, 999_999_999, 0, -1, 2**63 - 1):
        assert fault(await shop.post(f"{SEGMENTS}/{segment_id}/accounts", [own, bad])) == MISSING
    for bad in ([own, "x"], [own, 1.5], [own, None], [own, 2**63], {"accounts": [own]}, "x", 5):
        answer = await shop.post(f"{SEGMENTS}/{segment_id}/accounts", bad)
        assert fault(answer)[:2] == INVALID, bad
    too_many = await shop.post(f"{SEGMENTS}/{segment_id}/accounts", [own] * (ACCOUNTS_AT_ONCE_MAX + 1))
    assert fault(too_many) == (*INVALID, "accounts")
    assert await members(shop, segment_id) == []


async def test_many_accounts_take_as_many_statements_as_one(shop: Shop, statements: Watch) -> None:
    ids = [(await shop.account())["id"] for _ in range(12)]
    counts = []
    for some in (ids[:1], ids[1:]):
        segment_id = (await made(shop, code=f"c{len(some)}"))["id"]
        with Counting(statements) as counting:
            await shop.post(f"{SEGMENTS}/{segment_id}/accounts", some)
        counts.append(len(counting.heard))

    assert counts == [8, 8]  # begin, lock, whether it has a rule, check, add, versions, events, commit


async def test_a_removed_segment_leaves_its_accounts(shop: Shop) -> None:
    segment_id, account_id = (await made(shop))["id"], (await shop.account())["id"]
    await shop.post(f"{SEGMENTS}/{segment_id}/accounts", [account_id])

    await shop.delete(f"{SEGMENTS}/{segment_id}")

    assert (await shop.get(f"{ACCOUNTS}/{account_id}")).json()["segments"] == []


async def test_joining_and_leaving_change_the_account_and_stand_in_its_log(shop: Shop) -> None:
    segment_id, account_id = (await made(shop))["id"], (await shop.account())["id"]
    one = f"{ACCOUNTS}/{account_id}"
    etags = [(await shop.get(one)).headers["etag"]]
    for method, path, body in (("POST", "accounts", [account_id]), ("DELETE", f"accounts/{account_id}", None)):
        await shop.call(method, f"{SEGMENTS}/{segment_id}/{path}", json=body)
        etags.append((await shop.get(one)).headers["etag"])

    entries = (await shop.get(f"{one}/AuditLog/Entries", params={"pageSize": 2})).json()["items"]

    assert len(set(etags)) == 3
    assert [(e["description"], e["fieldPath"], e["oldValue"], e["newValue"]) for e in entries] == [
        ("Left a segment", f"/Customer/Segments/{segment_id}", "Tea drinkers", None),
        ("Joined a segment", f"/Customer/Segments/{segment_id}", None, "Tea drinkers"),
    ]


async def test_an_account_is_in_one_group_at_most(shop: Shop, database: Database) -> None:
    first, second, account_id = (await made(shop, code="a"))["id"], (await made(shop, code="b"))["id"], 0
    await database.session().execute("update segment set kind = 'group' where tenant_id = $1", shop.tenant_id)
    account_id = (await shop.account())["id"]
    await shop.post(f"{SEGMENTS}/{first}/accounts", [account_id])

    refused = await shop.post(f"{SEGMENTS}/{second}/accounts", [account_id])

    assert fault(refused) == (409, "VALIDATION_CONFLICT", None)
    assert await members(shop, first) == [account_id]
    await shop.delete(f"{SEGMENTS}/{first}/accounts/{account_id}")
    assert (await shop.post(f"{SEGMENTS}/{second}/accounts", [account_id])).status_code == 201


async def test_members_are_filtered_sorted_and_paged(shop: Shop) -> None:
    segment_id = (await made(shop))["id"]
    path = f"{SEGMENTS}/{segment_id}/accounts"
    ids = [(await shop.account())["id"] for _ in range(5)]
    await shop.post(path, ids)

    first = (await shop.get(path, params={"pageSize": 2, "sortBy": "accountId desc"})).json()
    then = (
        await shop.get(path, params={"pageSize": 2, "sortBy": "accountId desc", "cursor": first["nextCursor"]})
    ).json()
    found = (await shop.get(path, params={"filter": f"accountId in [{ids[1]},{ids[3]}]"})).json()

    assert [one["accountId"] for one in first["items"] + then["items"]] == ids[:0:-1]
    assert (first["totalCount"], first["pageCount"]) == (5, 3)
    assert [one["accountId"] for one in found["items"]] == [ids[1], ids[3]]
    assert fault(await shop.get(path, params={"filter": "colour eq red"})) == (*INVALID, "filter")
