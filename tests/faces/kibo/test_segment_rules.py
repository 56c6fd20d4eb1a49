"""Rules of segments over the API: written as text or as a tree, tried, explained, followed by the worker."""

from typing import Any

import pytest

from patron.kibo.rule_words import SHOWN
from patron.segments.fields import FIELDS
from patron.settings import Settings
from rules import Stage
from shops import ACCOUNTS, Shop, fault
from statements import Counting, Watch

SEGMENTS = "/api/commerce/customer/segments"
INVALID = (400, "MISSING_OR_INVALID_PARAMETER")
MISSING = (404, "ITEM_NOT_FOUND", None)
CONFLICT = (409, "VALIDATION_CONFLICT", None)

TREE = {
    "every": [
        {"field": "commerceSummary.totalOrderAmount", "op": "ge", "value": 100.5},
        {"not": {"field": "contacts.address.countryCode", "op": "in", "value": ["DE", "AT"]}},
        {"some": [
            {"field": "createDate", "op": "ge", "value": {"ago": 30, "unit": "days"}},
            {"field": "lastName", "op": "eq", "value": None},
        ]},
    ]
}  # fmt: skip


@pytest.fixture
def stage(shop: Shop, settings: Settings) -> Stage:
    return Stage(shop, settings)


async def made(shop: Shop, rule: Any = None, **fields: Any) -> dict[str, Any]:
    """A new segment, with a rule."""
    body = {"name": "Some", **({"rule": rule} if rule else {}), **fields}
    answer = await shop.post(SEGMENTS, body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def codes_of(shop: Shop, account_id: int) -> list[str]:
    """The segments that an account is in."""
    return [one["code"] for one in (await shop.get(f"{ACCOUNTS}/{account_id}/segments")).json()["items"]]


async def test_a_rule_is_set_read_changed_and_removed(shop: Shop, stage: Stage) -> None:
    segment = await made(shop)
    rule = f"{SEGMENTS}/{segment['id']}/rule"
    assert segment["rule"] is None
    assert fault(await shop.get(rule)) == MISSING
    jo = (await shop.account(firstName="Jo"))["id"]

    first = (await shop.put(rule, {"filter": "firstName eq jo"})).json()
    assert (first["filter"], first["state"], first["savedBy"]) == ("firstName eq 'jo'", "filling", shop.client_id)
    assert first["tree"] == {"field": "firstName", "op": "eq", "value": "jo"}
    await stage.work()

    ready = (await shop.get(rule)).json()
    assert (ready["state"], ready["done"], ready["total"], ready["lagSeconds"]) == ("ready", 1, 1, 0)
    assert ready["evaluatedDate"] >= ready["savedDate"]
    assert (await shop.get(f"{SEGMENTS}/{segment['id']}")).json()["rule"] == ready
    assert (await shop.get(SEGMENTS)).json()["items"][0]["rule"] == ready
    assert await codes_of(shop, jo) == ["some"]

    assert (await shop.put(rule, {"tree": TREE})).json()["tree"] == TREE
    assert (await shop.delete(rule)).status_code == 204
    assert fault(await shop.delete(rule)) == MISSING
    assert (await shop.get(f"{SEGMENTS}/{segment['id']}")).json()["rule"] is None
    assert await codes_of(shop, jo) == ["some"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("firstname EQ Jo and isActive eq TRUE", "firstName eq 'Jo' and isActive eq true"),
        ("createDate ge 30 days ago or id eq 2", "createDate ge 30 days ago or id eq 2"),
        ("updateDate lt 2 Hours AGO", "updateDate lt 2 hours ago"),
        ("createDate lt 2024-05-17", "createDate lt 2024-05-17T00:00:00.000Z"),
        ("commerceSummary.lastOrderDate le 1 week ahead", "commerceSummary.lastOrderDate le 1 weeks ahead"),
        ("lastName eq null and id in [1,2]", "lastName eq null and id in [1,2]"),
        ("contacts.address.cityOrTown sw 'O''H'", "contacts.address.cityOrTown sw 'O''H'"),
        ("commerceSummary.totalOrderAmount gt 10.50", "commerceSummary.totalOrderAmount gt 10.50"),
    ],
)  # fmt: skip
async def test_a_rule_as_text_is_shown_as_text_and_can_be_sent_back(shop: Shop, text: str, shown: str) -> None:
    segment = await made(shop, {"filter": text})

    assert segment["rule"]["filter"] == shown
    again = await shop.put(f"{SEGMENTS}/{segment['id']}/rule", {"filter": shown})
    assert again.json()["filter"] == shown
    assert again.json()["tree"] == segment["rule"]["tree"]


async def test_a_rule_comes_with_the_segment_and_stays_when_it_is_left_out(shop: Shop) -> None:
    segment = await made(shop, {"tree": TREE}, code="vip")
    one = f"{SEGMENTS}/{segment['id']}"
    assert segment["rule"]["tree"] == TREE
    assert segment["rule"]["filter"] is None

    renamed = await shop.put(one, {"name": "Very important"})
    assert renamed.json()["rule"]["tree"] == TREE
    other = await shop.put(one, {"name": "Others", "rule": {"filter": "id gt 5"}})
    assert other.json()["rule"]["filter"] == "id gt 5"
    assert (await shop.put(one, {"name": "Others", "rule": None})).json()["rule"]["filter"] == "id gt 5"


async def test_what_was_read_can_be_sent_back_and_starts_nothing_anew(shop: Shop, stage: Stage) -> None:
    for code, rule in (("text", {"filter": "createDate ge 2024-05-17 and id gt 5"}), ("tree", {"tree": TREE})):
        one = f"{SEGMENTS}/{(await made(shop, rule, code=code))['id']}"
        await stage.work()
        read = (await shop.get(one)).json()
        again = (await shop.put(one, {**read, "name": "Other"})).json()
        assert (again["name"], again["rule"]["state"]) == ("Other", "ready")
        assert (await shop.put(f"{one}/rule", read["rule"])).json()["state"] == "filling"


def compare(field: str = "firstName", op: str = "eq", value: Any = "x") -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def deep(levels: int) -> dict[str, Any]:
    return {"not": deep(levels - 1)} if levels else compare()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "filter"),
        ({"filter": "id eq 1", "tree": compare()}, "tree"),
        ({"filter": "firstName eq y", "tree": compare()}, "tree"),
        ({"filter": " "}, "filter"),
        ({"filter": "colour eq red"}, "filter"),
        ({"filter": "id eq x"}, "filter"),
        ({"filter": "attributes.tenant~none eq 1"}, "filter"),
        ({"filter": "createDate eq 30 days ago"}, "filter"),
        ({"filter": "segments.code ne vip"}, "filter"),
        ({"filter": "segments.code eq nobody"}, "filter"),
        ({"filter": "segments.id eq 999999999"}, "filter"),
        ({"tree": {}}, "tree"),
        ({"tree": {"every": [compare()], "some": [compare()]}}, "tree"),
        ({"tree": {"every": []}}, "tree.every"),
        ({"tree": {"every": [compare(), {"some": [compare("colour")]}]}}, "tree.every[1].some[0].field"),
        ({"tree": {"not": compare(op="like")}}, "tree.not.op"),
        ({"tree": compare(op="in")}, "tree.value"),
        ({"tree": compare(value=["x"])}, "tree.value"),
        ({"tree": compare(op="in", value=[])}, "tree.value"),
        ({"tree": compare(op="in", value=["x", 5])}, "tree.value[1]"),
        ({"tree": compare(value=5)}, "tree.value"),
        ({"tree": compare(value="x" * 1_001)}, "tree.value"),
        ({"tree": compare(op="gt", value=None)}, "tree.value"),
        ({"tree": compare("isActive", "gt", True)}, "tree.op"),
        ({"tree": compare("isActive", "eq", "yes")}, "tree.value"),
        ({"tree": compare("id", "eq", 1.5)}, "tree.value"),
        ({"tree": compare("id", "eq", True)}, "tree.value"),
        ({"tree": compare("id", "eq", 2**63)}, "tree.value"),
        ({"tree": compare("createDate", "ge", "yesterday")}, "tree.value"),
        ({"tree": compare("createDate", "ge", {"ago": 30, "unit": "moons"})}, "tree.value"),
        ({"tree": compare("createDate", "ge", {"ago": -1, "unit": "days"})}, "tree.value"),
        ({"tree": compare("createDate", "ge", {"ago": 100_001})}, "tree.value"),
        ({"tree": compare("firstName", "ge", {"ago": 30})}, "tree.value"),
        ({"tree": compare("createDate", "eq", {"ago": 30})}, "tree.op"),
        ({"tree": compare("segments.id", "ne", 5)}, "tree.op"),
        ({"tree": compare("segments.id", "eq", 999_999_999)}, "tree"),
        ({"tree": deep(5)}, "tree"),
        ({"tree": {"some": [compare()] * 101}}, "tree"),
        ({"tree": {"some": [compare(op="in", value=["x"] * 101)] * 5}}, "tree"),
        ({"tree": "x"}, "tree"),
    ],
)
async def test_a_rule_that_cannot_be_is_refused_by_name(shop: Shop, rule: Any, field: str) -> None:
    segment = await made(shop)

    for method, path, body, name in (
        ("PUT", f"{SEGMENTS}/{segment['id']}/rule", rule, field),
        ("POST", f"{SEGMENTS}/preview", rule, field),
        ("POST", SEGMENTS, {"name": "x", "rule": rule}, f"rule.{field}"),
        ("PUT", f"{SEGMENTS}/{segment['id']}", {"name": "x", "rule": rule}, f"rule.{field}"),
    ):
        answer = await shop.call(method, path, json=body)
        assert fault(answer) == (*INVALID, name), (method, path, answer.text)
    assert (await shop.get(SEGMENTS)).json()["items"] == [segment]


async def test_a_rule_says_who_is_in_so_nobody_is_put_in_by_hand(shop: Shop, stage: Stage) -> None:
    jo = (await shop.account(firstName="Jo"))["id"]
    segment = await made(shop, {"filter": "firstName eq Jo"})
    await stage.work()
    members = f"{SEGMENTS}/{segment['id']}/accounts"

    refused = await shop.post(members, [jo])
    assert fault(refused) == CONFLICT
    assert "rule" in refused.json()["message"]
    assert fault(await shop.delete(f"{members}/{jo}")) == CONFLICT
    assert [one["accountId"] for one in (await shop.get(members)).json()["items"]] == [jo]
    assert (await shop.get(members)).json()["items"][0]["addedBy"] == "rule"


async def test_rules_build_on_other_segments_but_not_in_a_circle(shop: Shop, stage: Stage) -> None:
    jo, kim = (await shop.account(firstName="Jo"))["id"], (await shop.account(firstName="Kim"))["id"]
    by_hand = await made(shop, code="hand")
    jos = await made(shop, {"filter": "firstName eq Jo"}, code="jos")
    both = await made(shop, {"filter": "segments.code eq JOS or segments.code eq hand"}, code="both")
    rest = await made(shop, {"tree": {"not": compare("segments.id", "eq", both["id"])}}, code="rest")
    await stage.work()
    assert [await codes_of(shop, one) for one in (jo, kim)] == [["jos", "both"], ["rest"]]

    await shop.post(f"{SEGMENTS}/{by_hand['id']}/accounts", [kim])
    await stage.work()
    assert await codes_of(shop, kim) == ["hand", "both"]
    await shop.put(f"{SEGMENTS}/{jos['id']}", {"name": "Jos", "code": "renamed"})
    await shop.put(f"{ACCOUNTS}/{jo}", {"firstName": "Ann"})
    await stage.work()
    assert await codes_of(shop, jo) == ["rest"]

    circle = await shop.put(f"{SEGMENTS}/{jos['id']}/rule", {"filter": f"segments.id eq {rest['id']}"})
    assert fault(circle) == (*INVALID, "filter")
    way = f"{jos['id']} needs {rest['id']} needs {both['id']} needs {jos['id']}"
    assert way in circle.json()["message"]
    itself = await shop.put(f"{SEGMENTS}/{jos['id']}/rule", {"filter": f"segments.id eq {jos['id']}"})
    assert fault(itself) == (*INVALID, "filter")

    assert fault(await shop.delete(f"{SEGMENTS}/{jos['id']}")) == CONFLICT
    assert (await shop.delete(f"{SEGMENTS}/{rest['id']}")).status_code == 204


async def test_rules_stand_on_each_other_only_so_high(shop: Shop) -> None:
    below = (await made(shop, code="hand"))["id"]
    for level in range(5):
        below = (await made(shop, {"filter": f"segments.id eq {below}"}, code=f"level-{level}"))["id"]

    refused = await shop.post(SEGMENTS, {"name": "x", "rule": {"filter": f"segments.id eq {below}"}})
    assert fault(refused)[:2] == INVALID


async def test_a_rule_is_tried_without_being_saved(shop: Shop) -> None:
    ids = [(await shop.account(firstName="Jo"))["id"] for _ in range(4)]
    await shop.account(firstName="Kim")

    found = (await shop.post(f"{SEGMENTS}/preview", {"filter": "firstName eq jo", "sampleSize": 3})).json()
    assert found == {"count": 4, "sample": ids[:0:-1]}
    assert (await shop.post(f"{SEGMENTS}/preview", {"tree": compare(value="jo")})).json()["sample"] == ids[::-1]
    none = await shop.post(f"{SEGMENTS}/preview", {"filter": "createDate lt 1 day ago", "sampleSize": 0})
    assert none.json() == {"count": 0, "sample": []}
    for size in (-1, 101):
        answer = await shop.post(f"{SEGMENTS}/preview", {"filter": "id gt 0", "sampleSize": size})
        assert fault(answer) == (*INVALID, "sampleSize")
    assert (await shop.get(SEGMENTS)).json()["totalCount"] == 0


async def test_an_explanation_says_which_part_holds_and_what_the_account_has(shop: Shop, stage: Stage) -> None:
    jo = (await shop.account(firstName="Jo", lastName=None))["id"]
    for country in ("DE", "FR"):
        await shop.contact(jo, address={"countryCode": country})
    segment = await made(shop, {"tree": TREE})
    await stage.work()

    told = (await shop.get(f"{SEGMENTS}/{segment['id']}/accounts/{jo}/explanation")).json()

    total, abroad, some = told["rule"]["every"]
    assert (told["isMember"], told["holds"], told["rule"]["holds"]) == (False, False, False)
    assert (total["holds"], total["held"], total["value"]) == (False, [0], 100.5)
    assert (abroad["holds"], abroad["not"]["holds"], abroad["not"]["held"]) == (False, True, ["DE", "FR"])
    assert [part["holds"] for part in some["some"]] == [True, True]
    assert some["some"][0]["value"] == {"ago": 30, "unit": "days"}
    assert some["some"][1]["held"] == [None]


async def test_what_cannot_be_explained_is_not_found(shop: Shop, other_shop: Shop) -> None:
    jo, foreign = (await shop.account())["id"], (await other_shop.account())["id"]
    ruled, plain = (await made(shop, {"filter": "id gt 0"}))["id"], (await made(shop, code="plain"))["id"]
    other = (await made(other_shop, {"filter": "id gt 0"}))["id"]

    for segment_id, account_id in ((ruled, foreign), (ruled, "x"), (plain, jo), (other, jo), (999_999_999, jo)):
        path = f"{SEGMENTS}/{segment_id}/accounts/{account_id}/explanation"
        assert fault(await shop.get(path)) == MISSING, path


async def test_a_stale_rule_is_refused_and_progress_is_always_sent(shop: Shop, stage: Stage) -> None:
    segment = await made(shop, {"filter": "id gt 0"})
    rule = f"{SEGMENTS}/{segment['id']}/rule"
    etag = (await shop.get(rule)).headers["etag"]
    await stage.work()

    again = await shop.get(rule, headers={"If-None-Match": etag})
    assert (again.status_code, again.json()["state"]) == (200, "ready")
    assert (await shop.put(rule, {"filter": "id gt 1"}, headers={"If-Match": etag})).status_code == 200
    for method in ("PUT", "DELETE"):
        stale = await shop.call(method, rule, json={"filter": "id gt 2"}, headers={"If-Match": etag})
        assert fault(stale) == (412, "PRECONDITION_FAILED", None)


async def test_a_list_of_segments_reads_their_rules_at_once(shop: Shop, statements: Watch) -> None:
    counts = []
    for n in range(5):
        await made(shop, {"filter": f"id gt {n}"}, code=f"s{n}")
        with Counting(statements) as counting:
            await shop.get(SEGMENTS)
        counts.append(len(counting.heard))

    assert counts == [2] * 5


def test_every_field_of_a_rule_has_a_name_here() -> None:
    assert FIELDS.keys() <= SHOWN.keys()
