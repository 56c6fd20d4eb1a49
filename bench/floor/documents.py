"""The floor's JSON:API reads: a customer, alone or with what comes along, and a page of a group; a statement each."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from bench.floor.bodies import CHILDREN, ENCODE, at
from patron.jsonapi.ids import shown

Row = Sequence[Any]

_READ = msgspec.json.Decoder(list[Any]).decode
_SIZE = 25
_LINKS = {
    "customers": (
        *("customer_group", "customer_addresses", "customer_payment_sources", "customer_subscriptions", "orders"),
        *("order_subscriptions", "returns", "sku_lists", "attachments", "events", "tags", "event_stores"),
    ),
    "customer_addresses": ("customer", "address", "events", "event_stores"),
    "addresses": ("geocoder", "events", "tags", "event_stores"),
    "customer_groups": ("customers", "markets", "attachments", "event_stores"),
    "tags": ("event_stores",),
}
_ALONG = {"customers": ("customer_group", "customer_addresses", "tags"), "customer_addresses": ("address",)}
_COMMON = "{0}.created_at, {0}.updated_at, {0}.{1}, {0}.reference_origin, {0}.metadata"
_GROUP = "s.id, s.name, s.code, " + _COMMON.format("s", "reference")
_TAG = "t.id, t.name, " + _COMMON.format("t", "reference")
_BOOK = f"""c.id, c.first_name, c.last_name, c.company, coalesce(c.phone_home, c.phone_mobile, c.phone_work), c.email,
    {_COMMON.format("c", "reference")}, d.id, d.is_business, d.line_1, d.line_2, d.line_3, d.line_4, d.city,
    d.postal_code, d.state, d.country, d.notes, d.latitude, d.longitude, d.billing_info,
    {_COMMON.format("d", "reference")}"""
_CUSTOMER = f"""a.id, lower(a.email), a.order_count, not a.is_anonymous, a.shopper_reference, a.profile_id, a.tax_id,
    {_COMMON.format("a", "external_id")},
    (select to_jsonb(n) from anonymization n where n.tenant_id = $1 and n.account_id = a.id)"""
_GROUP_OF = f"""(select json_build_array({_GROUP}) from segment_member m
    join segment s on s.tenant_id = $1 and s.id = m.segment_id
    where m.tenant_id = $1 and m.account_id = a.id and m.kind = 'group')"""
_TAGS_OF = f"""(select json_agg(json_build_array({_TAG}) order by t.id) from tagging l
    join tag t on t.tenant_id = $1 and t.id = l.tag_id
    where l.tenant_id = $1 and l.kind = 'account' and l.owner_id = a.id)"""
_BOOK_OF = f"""(select json_agg(json_build_array({_BOOK}) order by c.id) from contact c
    join address d on d.tenant_id = $1 and d.id = c.address_id where c.tenant_id = $1 and c.account_id = a.id)"""
_ONE = f"select {_CUSTOMER} from account a where a.tenant_id = $1 and a.id = $2"
_WHOLE = f"select {_CUSTOMER}, {_GROUP_OF}, {_BOOK_OF}, {_TAGS_OF} from account a where a.tenant_id = $1 and a.id = $2"
_PAGE = f"""
    with members as (select m.account_id as id from segment_member m join segment x
        on x.tenant_id = $1 and x.code = $2 and x.id = m.segment_id and x.kind = 'group' where m.tenant_id = $1)
    select {_CUSTOMER}, {_GROUP_OF}, {_TAGS_OF}, (select count(*) from members)
    from account a where a.tenant_id = $1 and a.id in (select id from members)
    order by a.created_at desc, a.id limit {_SIZE + 1}
"""
_WIDTH = 13
CURSOR = "x" * 91  # about as long as a signed one


class Documents:
    """Resource objects of one organization."""

    def __init__(self, organization_id: str, base_url: str) -> None:
        self._url = base_url
        self._meta = msgspec.Raw(ENCODE({"mode": "test", "organization_id": organization_id}))
        self._templates: dict[tuple[str, bool], str] = {}

    async def one(self, conn: asyncpg.Connection, tenant_id: int, number: int) -> bytes:
        """A customer."""
        row = await conn.fetchrow(_ONE, tenant_id, number)
        return ENCODE({"data": self._customer(row, {})})

    async def whole(self, conn: asyncpg.Connection, tenant_id: int, number: int) -> bytes:
        """A customer with address book, group and tags."""
        row = await conn.fetchrow(_WHOLE, tenant_id, number)
        group, book, tags = row[_WIDTH], CHILDREN(row[_WIDTH + 1] or b"[]"), CHILDREN(row[_WIDTH + 2] or b"[]")
        group = _READ(group) if group else None
        along = {
            "customer_group": _linked("customer_groups", group),
            "customer_addresses": [_linked("customer_addresses", one) for one in book],
            "tags": [_linked("tags", one) for one in tags],
        }
        included = [self._booked(one, row[1]) for one in book] + [self._address(one[11:], one) for one in book]
        included += ([self._group(group)] if group else []) + [self._tag(one) for one in tags]
        return ENCODE({"data": self._customer(row, along), "included": included})

    async def page(self, conn: asyncpg.Connection, tenant_id: int, query: str, code: str) -> bytes:
        """The newest customers of a group, with it and their tags."""
        rows = await conn.fetch(_PAGE, tenant_id, code)
        groups, tags, data = {}, {}, []
        for row in rows[:_SIZE]:
            group, own = _READ(row[_WIDTH]), CHILDREN(row[_WIDTH + 1] or b"[]")
            groups[group[0]] = group
            tags |= {one[0]: one for one in own}
            along = {"customer_group": _linked("customer_groups", group), "tags": [_linked("tags", one) for one in own]}
            data.append(self._customer(row, along))
        total, rest = rows[0][_WIDTH + 2], query.replace("&page%5Bsize%5D=25", "")
        link = f"{self._url}/customers?{rest}&page%5Bnumber%5D={{}}&page%5Bsize%5D={_SIZE}"
        pages = -(-total // _SIZE)
        return ENCODE(
            {
                "data": data,
                "meta": {"record_count": total, "page_count": pages, "next_cursor": CURSOR},
                "links": {"first": link.format(1), "last": link.format(pages), "next": link.format(2)},
                "included": [self._group(one) for one in groups.values()] + [self._tag(one) for one in tags.values()],
            }
        )

    def _object(self, type_: str, number: int, attributes: dict[str, Any], along: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": shown(number), "type": type_, "links": {"self": f"{self._url}/{type_}/{shown(number)}"},
            "attributes": attributes, "relationships": self._links(type_, number, along), "meta": self._meta,
        }  # fmt: skip

    def _links(self, type_: str, number: int, along: dict[str, Any]) -> msgspec.Raw:
        key = type_, tuple(along)
        text = self._templates.get(key)
        if text is None:
            made: dict[str, Any] = {}
            for name in _LINKS[type_]:
                own = f"{self._url}/{type_}/@id@"
                made[name] = {"links": {"self": f"{own}/relationships/{name}", "related": f"{own}/{name}"}}
                if name in along:
                    made[name]["data"] = f"@{name}@"
            text = self._templates[key] = ENCODE(made).decode()
        text = text.replace("@id@", shown(number))
        for name, data in along.items():
            text = text.replace(f'"@{name}@"', ENCODE(data).decode())
        return msgspec.Raw(text.encode())

    def _customer(self, row: Row, along: dict[str, Any]) -> dict[str, Any]:
        number, bought = row[0], row[2]
        attributes = {
            "email": row[1], "status": "repeat" if bought > 1 else "acquired" if bought else "prospect",
            "has_password": row[3], "total_orders_count": bought, "shopper_reference": row[4] or f"shopper-{number}",
            "profile_id": row[5] or f"profile-{number}", "tax_exemption_code": row[6], **_common(row[7:12]),
            "anonymization_status": None, "anonymization_info": None,
        }  # fmt: skip
        return self._object("customers", number, attributes, along)

    def _group(self, row: Row) -> dict[str, Any]:
        return self._object("customer_groups", row[0], {"name": row[1], "code": row[2], **_common(row[3:8])}, {})

    def _tag(self, row: Row) -> dict[str, Any]:
        return self._object("tags", row[0], {"name": row[1], **_common(row[2:7])}, {})

    def _booked(self, row: Row, email: str | None) -> dict[str, Any]:
        attributes = {"name": _names(row)[2], "customer_email": email, **_common(row[6:11])}
        return self._object("customer_addresses", row[0], attributes, {"address": _linked("addresses", row[11:])})

    def _address(self, d: Row, person: Row) -> dict[str, Any]:
        full, place, name = _names(person)
        attributes = {
            "business": d[1], "first_name": person[1], "last_name": person[2], "company": person[3], "full_name": full,
            "line_1": d[2], "line_2": d[3], "city": d[6], "zip_code": d[7], "state_code": d[8], "country_code": d[9],
            "phone": person[4], "full_address": place, "name": name, "email": person[5], "notes": d[10],
            "lat": d[11], "lng": d[12], "is_localized": d[11] is not None and d[12] is not None, "is_geocoded": False,
            "provider_name": None, "map_url": None, "static_map_url": None, "billing_info": d[13], **_common(d[14:19]),
        }  # fmt: skip
        return self._object("addresses", d[0], attributes, {})


def _linked(type_: str, row: Row | None) -> dict[str, str] | None:
    return None if row is None else {"type": type_, "id": shown(row[0])}


def _common(row: Row) -> dict[str, Any]:
    metadata = msgspec.Raw(row[4]) if isinstance(row[4], bytes) else row[4]
    return {
        "created_at": at(row[0]), "updated_at": at(row[1]), "reference": row[2], "reference_origin": row[3],
        "metadata": metadata,
    }  # fmt: skip


def _joined(sign: str, *parts: str | None) -> str | None:
    return sign.join(part for part in parts if part is not None) or None


def _names(person: Row) -> tuple[str | None, str | None, str | None]:
    """Full name, full address and name, from a row of `_BOOK`."""
    d, name = person[11:], _joined(" ", person[1], person[2])
    full = (person[3] or name) if d[1] else (name or person[3])
    country = None if d[9] is None else f"({d[9]})"
    town = _joined(" ", d[7], d[6], d[8], country, person[4])
    place = _joined(", ", _joined(" ", *d[2:6]), town)
    return full, place, _joined(", ", full, place)
