"""Query strings: include, sparse fieldsets, sort, pages, first-level filters; related routes and linkage."""

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from organizations import Organization, to_one
from patron.jsonapi.asking import PAGE_SIZE_MAX
from patron.jsonapi.catalogue import SERVED
from patron.kernel import sql
from statements import Counting, Watch


def error(answer: httpx.Response) -> tuple[int, str, Any]:
    """Status, code and source of a refusal."""
    one = answer.json()["errors"][0]
    assert one["status"] == str(answer.status_code)
    return answer.status_code, one["code"], one.get("source")


async def customers(organization: Organization, count: int, group: str | None = None) -> list[str]:
    """Some customers; their ids in the order of their making."""
    linked = {"customer_group": to_one("customer_groups", group)} if group else None
    return [(await organization.create("customers", linked, email=f"c{n}@example.com"))["id"] for n in range(count)]


def ids(answer: httpx.Response) -> list[str]:
    """What a list shows."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


async def test_what_comes_along_costs_the_same_however_many_rows_there_are(
    organization: Organization, statements: Watch
) -> None:
    counts = []
    for size in (1, 12):
        for n in range(size):
            group = await organization.create("customer_groups", name=f"Group {size} {n}", code=f"g{size}-{n}")
            linked = {"customer_group": to_one("customer_groups", group["id"])}
            await organization.create("customers", linked, email=f"c{size}-{n}@example.com")
        with Counting(statements) as counted:
            answer = await organization.get("customers?page[size]=25&include=customer_group.customers.customer_group")
        assert answer.status_code == 200
        assert answer.json()["included"]
        counts.append(len(counted.heard))
    assert counts[0] == counts[1] == 4  # the page, and one for each level


async def test_each_resource_comes_along_once_and_the_first_ones_do_not(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    made = await customers(organization, 3, group["id"])
    answer = await organization.get(f"customers/{made[0]}?include=customer_group.customers,customer_group,tags")
    body = answer.json()
    assert body["data"]["relationships"]["customer_group"]["data"]["id"] == group["id"]
    assert body["data"]["relationships"]["tags"]["data"] == []
    assert sorted((one["type"], one["id"]) for one in body["included"]) == sorted(
        [("customer_groups", group["id"]), ("customers", made[1]), ("customers", made[2])]
    )
    linked = next(one for one in body["included"] if one["type"] == "customer_groups")["relationships"]["customers"]
    assert sorted(one["id"] for one in linked["data"]) == sorted(made)
    nothing = await organization.get(f"customers/{made[0]}?include=tags")
    assert nothing.json()["included"] == []
    assert "included" not in (await organization.get(f"customers/{made[0]}")).json()


@pytest.mark.parametrize(
    "path",
    ["nothing", "customer_group.nothing", "email", "event_stores", "customer_group.event_stores", "Customer_Group", ".",
     "customer_group.customers.customer_group.customers.customer_group", "customer_group..customers",
     ",".join(["customer_group"] * 31), "\0", "customer_group;drop"],
)  # fmt: skip
async def test_what_cannot_come_along_is_refused(organization: Organization, path: str) -> None:
    answer = await organization.get(f"customers?include={quote(path)}")
    assert error(answer) == (400, "INVALID_INCLUDE", {"parameter": "include"})


async def test_more_than_a_limit_does_not_come_along(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await organization.create("customer_groups", name="Friends")
    await customers(organization, 4, group["id"])
    monkeypatch.setattr(sql, "TOGETHER_MAX", 4)
    assert (await organization.get(f"customer_groups/{group['id']}?include=customers")).status_code == 200
    monkeypatch.setattr(sql, "TOGETHER_MAX", 3)
    answer = await organization.get(f"customer_groups/{group['id']}?include=customers")
    assert error(answer) == (400, "INVALID_INCLUDE", {"parameter": "include"})


async def test_fields_are_those_that_are_named(organization: Organization) -> None:
    (one,) = await customers(organization, 1)
    some = (await organization.get(f"customers/{one}?fields[customers]=id,email,tags")).json()["data"]
    assert list(some["attributes"]) == ["email"]
    assert list(some["relationships"]) == ["tags"]
    assert some["relationships"]["tags"]["links"]["related"].endswith(f"/customers/{one}/tags")
    none = (await organization.get(f"customers/{one}?fields[customers]=")).json()["data"]
    assert (none["attributes"], none["relationships"]) == ({}, {})
    of_others = await organization.get(
        f"customers/{one}?fields[addresses]=city&fields[skus]=x&fields[customer_groups]=name"
    )
    assert len(of_others.json()["data"]["attributes"]) > 5
    refused = await organization.get(f"customers/{one}?fields[customers]=email,nothing")
    assert error(refused) == (400, "INVALID_FIELD", {"parameter": "fields[customers]"})


@pytest.mark.parametrize(
    "key",
    ["nothing", "page[nothing]", "page", "page[size][x]", "fields", "include[x]", "sort[x]", "filter", "q", "[", "",
     "\0", "filter[q", "FIELDS[customers]"],
)  # fmt: skip
async def test_an_unknown_parameter_is_refused(organization: Organization, key: str) -> None:
    answer = await organization.get(f"customers?{quote(key)}=1")
    assert error(answer) == (400, "PARAM_NOT_ALLOWED", {"parameter": key})


@pytest.mark.parametrize("key", ["sort=email", "page[size]=1", "filter[q][email_eq]=x", "filter[email]=x"])
async def test_one_resource_is_not_sorted_nor_paged(organization: Organization, key: str) -> None:
    (one,) = await customers(organization, 1)
    assert error(await organization.get(f"customers/{one}?{key}"))[:2] == (400, "PARAM_NOT_ALLOWED")


async def test_rows_are_sorted_as_asked(organization: Organization, statements: Watch) -> None:
    made = await customers(organization, 3)
    assert ids(await organization.get("customers")) == made
    assert ids(await organization.get("customers?sort=-email")) == made[::-1]
    assert ids(await organization.get("customers?sort=status,-created_at")) == made[::-1]
    assert ids(await organization.get("customers?sort=-total_orders_count,email")) == made
    for name in (
        "nothing",
        "password",
        "has_password",
        "metadata",
        "customer_group",
        "--email",
        "-",
        "email asc",
        "\0",
    ):
        answer = await organization.get(f"customers?sort={quote(name)}")
        assert error(answer) == (400, "INVALID_SORT_CRITERIA", {"parameter": "sort"}), name


async def test_pages_by_number(organization: Organization) -> None:
    made = await customers(organization, 7)
    query = "sort=email&filter[q][email_end]=example.com&page[size]=3"
    first, second, last, behind = [
        await organization.get(f"customers?{query}&page[number]={number}") for number in (1, 2, 3, 4)
    ]
    assert [ids(one) for one in (first, second, last, behind)] == [made[:3], made[3:6], made[6:], []]
    for one in (first, second, last, behind):
        assert {name: one.json()["meta"][name] for name in ("record_count", "page_count")} == {
            "record_count": 7, "page_count": 3,
        }  # fmt: skip
    assert [sorted(one.json()["links"]) for one in (first, second, last)] == [
        ["first", "last", "next"], ["first", "last", "next", "prev"], ["first", "last", "prev"],
    ]  # fmt: skip
    link = urlsplit(first.json()["links"]["next"])
    assert f"{link.scheme}://{link.netloc}" == f"https://{organization.slug}.patron.localhost"
    assert parse_qs(link.query) == {
        "sort": ["email"], "filter[q][email_end]": ["example.com"], "page[size]": ["3"], "page[number]": ["2"],
    }  # fmt: skip
    assert ids(await organization.get(f"{link.path.removeprefix('/api/')}?{link.query}")) == made[3:6]


async def test_an_empty_list_has_one_page(organization: Organization) -> None:
    body = (await organization.get("customers")).json()
    assert (body["data"], body["meta"]) == ([], {"record_count": 0, "page_count": 1})
    assert sorted(body["links"]) == ["first", "last"]


@pytest.mark.parametrize("sort", ["", "sort=-email&", "sort=status,-created_at&", "sort=reference,-email&"])
async def test_pages_by_where_the_last_one_ended(organization: Organization, sort: str) -> None:
    await customers(organization, 7)
    whole = ids(await organization.get(f"customers?{sort}page[size]=25"))
    path, seen = f"customers?{sort}page[size]=2", list[str]()
    answer = await organization.get(path)
    while True:
        seen += ids(answer)
        cursor = answer.json()["meta"].get("next_cursor")
        if cursor is None:
            break
        answer = await organization.get(f"{path}&page[after]={quote(cursor)}")
        links = answer.json()["links"]
        assert "prev" not in links
        assert ("next" in links) == ("next_cursor" in answer.json()["meta"])
    assert seen == whole


async def test_a_mark_is_good_for_its_own_list_and_order(
    organization: Organization, other_organization: Organization
) -> None:
    await customers(organization, 3)
    await customers(other_organization, 3)
    cursor = (await organization.get("customers?page[size]=1")).json()["meta"]["next_cursor"]
    for who, query in ((organization, "sort=email&"), (other_organization, "")):
        answer = await who.get(f"customers?{query}page[size]=1&page[after]={quote(cursor)}")
        assert error(answer) == (400, "INVALID_PAGE_VALUE", {"parameter": "page[after]"})
    for nonsense in ("", "x", "\0", "é", "a" * 5_000, "=="):
        answer = await organization.get(f"customers?page[after]={quote(nonsense)}")
        assert error(answer)[:2] == (400, "INVALID_PAGE_VALUE")


@pytest.mark.parametrize("value", ["0", "-1", str(PAGE_SIZE_MAX + 1), "x", "", "1.0", "٣", "1" * 30, " 1", "+1"])
async def test_a_page_that_cannot_be_is_refused(organization: Organization, value: str) -> None:
    answer = await organization.get(f"customers?page[size]={quote(value)}")
    assert error(answer) == (400, "INVALID_PAGE_VALUE", {"parameter": "page[size]"})
    if value != str(PAGE_SIZE_MAX + 1):
        answer = await organization.get(f"customers?page[number]={quote(value)}")
        assert error(answer) == (400, "INVALID_PAGE_VALUE", {"parameter": "page[number]"})


async def test_filters_of_the_first_level(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    made = await customers(organization, 3, group["id"])
    alone = await organization.create(
        "customers", email="alone@example.com", reference="R-1", metadata={"a": 1, "b": 2}
    )
    at = alone["attributes"]["created_at"]
    for query, wanted in (
        ("filter[email]=alone@example.com", [alone["id"]]),
        ("filter[email]=ALONE@example.com,c0@example.com", [made[0], alone["id"]]),
        ("filter[reference]=R-1", [alone["id"]]),
        ("filter[reference]=r-1", []),
        (f"filter[ids]={made[0]},{made[2]},nobody", [made[0], made[2]]),
        (f"filter[id]={made[1]}", [made[1]]),
        (f"filter[customer_group_id]={group['id']}", made),
        ("filter[customer_group_id]=nobody", []),
        ("filter[customer_group_name]=Friends", made),
        ('filter[metadata]={"a":1}', [alone["id"]]),
        ("filter[created_at_from]=2001-01-01", [*made, alone["id"]]),
        ("filter[created_at_to]=2001-01-01", []),
        ("filter[created_at_from]=2001-01-01&filter[created_at_to]=2999-01-01", [*made, alone["id"]]),
        (f"filter[created_at_to]={quote(at)}&filter[status]=prospect,repeat&filter[email]=c0@example.com", [made[0]]),
        (f"filter[q][id_in]={made[0]},nobody", [made[0]]),
        (f"filter[q][id_not_in]={made[0]},nobody", [*made[1:], alone["id"]]),
        (f"filter[q][customer_group_id_eq]={group['id']}", made),
        ("filter[q][customer_group_id_null]=true", [alone["id"]]),
        ("filter[q][customer_group_id_present]=true", made),
        (f"filter[q][customer_group_id_not_eq_or_null]={group['id']}", [alone["id"]]),
    ):
        assert ids(await organization.get(f"customers?{query}")) == wanted, query


async def test_who_has_a_password_is_found(organization: Organization) -> None:
    await organization.create("customers", email="guest@example.com")
    member = await organization.create("customers", email="member@example.com", password="Secret-42-word")
    assert ids(await organization.get("customers?filter[q][password_present]=true")) == [member["id"]]
    assert len(ids(await organization.get("customers?filter[q][password_present]=false"))) == 1
    assert len(ids(await organization.get("customers?filter[q][password_blank]=true"))) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[q][nothing_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][email]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][email_nothing]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][email_or_nothing_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][email_or_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][orders_number_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][customer_group_customers_email_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][password_digest_start]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][shopper_reference_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][?email_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][email_eq' or 1%3D1 --_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q][" + "_or_".join(["email"] * 11) + "_eq]=1", "FILTER_NOT_ALLOWED"),
        ("filter[nothing]=1", "FILTER_NOT_ALLOWED"),
        ("filter[email_from]=1x&filter[nothing_to]=1", "FILTER_NOT_ALLOWED"),
        ("filter[q]=1", "INVALID_FILTERS_SYNTAX"),
        ("filter[]=1", "INVALID_FILTERS_SYNTAX"),
        ("filter[q][]=1", "INVALID_FILTERS_SYNTAX"),
        ("filter[email][eq]=1", "INVALID_FILTERS_SYNTAX"),
        ("filter[q][created_at_gt]=yesterday", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_gt]=2024-02-31", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_gt]=0001-01-01T00:00:00%2B23:59", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_lt]=9999-12-31T23:59:59-23:59", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_eq]=٢٠٢٤-01-01", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_cont]=2024", "INVALID_FILTER_VALUE"),
        ("filter[q][created_at_true]=1", "INVALID_FILTER_VALUE"),
        ("filter[q][total_orders_count_gt]=many", "INVALID_FILTER_VALUE"),
        ("filter[q][total_orders_count_eq]=", "INVALID_FILTER_VALUE"),
        ("filter[q][total_orders_count_in]=1,,2", "INVALID_FILTER_VALUE"),
        ("filter[q][total_orders_count_eq]=1e400", "INVALID_FILTER_VALUE"),
        ("filter[q][total_orders_count_cont]=1", "INVALID_FILTER_VALUE"),
        ("filter[q][email_true]=1", "INVALID_FILTER_VALUE"),
        ("filter[q][email_present]=maybe", "INVALID_FILTER_VALUE"),
        ("filter[q][email_null]=", "INVALID_FILTER_VALUE"),
        ("filter[q][email_eq]=%00", "INVALID_FILTER_VALUE"),
        ("filter[q][email_eq]=" + "x" * 9_000, "INVALID_FILTER_VALUE"),
        ("filter[q][email_in]=" + "x," * 300, "INVALID_FILTER_VALUE"),
        ("filter[q][email_jcont]={}", "FILTER_NOT_ALLOWED"),
        ("filter[q][metadata_cont]=a", "INVALID_FILTER_VALUE"),
        ("filter[q][metadata_jcont]=[]", "INVALID_FILTER_VALUE"),
        ("filter[q][metadata_jcont]={", "INVALID_FILTER_VALUE"),
        ('filter[q][metadata_jcont]={"a":"\\u0000"}', "INVALID_FILTER_VALUE"),
        ('filter[q][metadata_jcont]={"a":"\\ud800"}', "INVALID_FILTER_VALUE"),
        ('filter[q][metadata_jcont]={"a":1e999999}', "INVALID_FILTER_VALUE"),
        ("filter[q][metadata_jcont]=" + '{"a":' * 1_000 + "1" + "}" * 1_000, "INVALID_FILTER_VALUE"),
        ("&".join(f"filter[q][email_or_reference_cont_any]={'a,' * 60}" for _ in range(4)), "INVALID_FILTERS_SYNTAX"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused(organization: Organization, query: str, code: str) -> None:
    answer = await organization.get(f"customers?{query}")
    assert error(answer)[:2] == (400, code)


@pytest.mark.parametrize(
    "value",
    ["' or '1'='1", "'; drop table account; --", "\\", "\\'", "%", "$1", "$$", "{}", "{0}", "E'\\x27'", "\x01", "�"],
)
async def test_a_value_is_only_ever_a_value(organization: Organization, value: str) -> None:
    await customers(organization, 1)
    odd = await organization.create(
        "customers", email="odd@example.com", reference=f"a{value}b", metadata={value: value}
    )
    for predicate in ("eq", "cont", "in", "cont_any", "eq_or_null"):
        sent = f"a{value}b" if predicate != "cont" else value
        found = await organization.get(f"customers?filter[q][reference_{predicate}]={quote(sent)}")
        assert odd["id"] in ids(found), predicate
    for predicate in ("matches", "start", "end", "not_cont", "lt", "does_not_match_all"):
        for name in ("reference", "customer_group_name", "email"):
            answer = await organization.get(f"customers?filter[q][{name}_{predicate}]={quote(value)}")
            assert answer.status_code == 200, answer.text


async def test_a_query_that_asks_too_much_or_is_no_text_is_refused(organization: Organization) -> None:
    for query in ("a=%FF", "&".join(f"fields[x{n}]=a" for n in range(200))):
        assert error(await organization.get(f"customers?{query}"))[:2] == (400, "BAD_REQUEST")


async def test_what_a_relationship_leads_to(organization: Organization, statements: Watch) -> None:
    group = await organization.create("customer_groups", name="Friends")
    made = await customers(organization, 4, group["id"])
    await organization.create("customers", email="stranger@example.com")
    path = f"customer_groups/{group['id']}"
    answer = await organization.get(
        f"{path}/customers?sort=-email&page[size]=3&fields[customers]=email&include=customer_group"
    )
    assert ids(answer) == made[:0:-1]
    assert answer.json()["meta"]["record_count"] == 4
    assert f"/api/{path}/customers?" in answer.json()["links"]["next"]
    assert [one["id"] for one in answer.json()["included"]] == [group["id"]]
    filtered = await organization.get(f"{path}/customers?filter[q][email_start]=c1")
    assert ids(filtered) == [made[1]]
    cursor = answer.json()["meta"]["next_cursor"]
    after = await organization.get(f"{path}/customers?sort=-email&page[size]=3&page[after]={quote(cursor)}")
    assert ids(after) == made[:1]
    linkage = (await organization.get(f"{path}/relationships/customers")).json()
    assert linkage["data"] == [{"type": "customers", "id": one} for one in made]
    assert linkage["links"]["related"].endswith(f"/api/{path}/customers")
    one = (await organization.get(f"customers/{made[0]}/relationships/customer_group")).json()
    assert one["data"] == {"type": "customer_groups", "id": group["id"]}
    related = await organization.get(
        f"customers/{made[0]}/customer_group?fields[customer_groups]=name&include=customers"
    )
    assert related.json()["data"]["attributes"] == {"name": "Friends"}
    assert len(related.json()["included"]) == 4
    for bad in ("sort=name", "nothing=1", "include=nothing"):
        assert (await organization.get(f"customers/{made[0]}/customer_group?{bad}")).status_code == 400
        assert (await organization.get(f"customers/{made[0]}/relationships/customer_group?{bad}")).status_code == 400


async def test_every_relationship_can_be_followed(organization: Organization) -> None:
    (one,) = await customers(organization, 1)
    for relationship in SERVED["customers"].relationships:
        for path in (f"customers/{one}/{relationship.name}", f"customers/{one}/relationships/{relationship.name}"):
            answer = await organization.get(path)
            assert answer.status_code == 200, path
            if relationship.name in ("events", "event_stores", "jwt_markets"):  # a new customer has nothing else yet
                assert len(answer.json()["data"]) == 1, path
            else:
                assert answer.json()["data"] == ([] if relationship.to_many else None), path


async def test_the_wall_stands_in_lists_filters_and_includes(
    organization: Organization, other_organization: Organization
) -> None:
    group = await other_organization.create("customer_groups", name="Friends", code="theirs")
    theirs = await customers(other_organization, 2, group["id"])
    ours = await organization.create("customers", email="ours@example.com")
    assert ids(await organization.get("customers")) == [ours["id"]]
    assert ids(await organization.get(f"customers?filter[ids]={','.join(theirs)}")) == []
    assert ids(await organization.get(f"customers?filter[customer_group_id]={group['id']}")) == []
    for path in (f"customers/{theirs[0]}", f"customer_groups/{group['id']}/customers", f"customers/{theirs[0]}/tags"):
        answer = await organization.get(path)
        assert error(answer)[:2] == (404, "RECORD_NOT_FOUND")
