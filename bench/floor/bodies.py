"""The bodies that the floor gives, as plain dicts made from rows."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

Row = Sequence[Any]

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
CHILDREN = msgspec.json.Decoder(list[list[Any]], float_hook=Decimal).decode
_CENTS = Decimal("0.01")

ACCOUNT = """a.id, a.accepts_marketing, a.account_type, a.created_by, a.created_at, a.updated_by, a.updated_at,
    a.last_order_at, a.order_count, a.order_total_minor, a.order_currency, a.visit_count, a.wishlist_count, a.company,
    a.customer_set_code, a.since_at, a.email, a.external_id, a.first_name, a.has_foreign_hash, a.is_active,
    a.is_anonymous, a.is_locked, a.second_factor_at, a.last_name, a.locale, a.needs_migration, a.is_tax_exempt,
    a.tax_id, a.user_id, a.user_name"""
WIDTH = 31
CONTACT = """c.account_id, c.id, d.line_1, d.line_2, d.line_3, d.line_4, d.kind, d.city, d.country, d.is_validated,
    d.postal_code, d.state, c.created_by, c.created_at, c.updated_by, c.updated_at, c.company, c.email, c.fax,
    c.first_name, c.label, c.last_name, c.middle_name, c.phone_home, c.phone_mobile, c.phone_work, c.is_billing,
    c.is_primary_billing, c.is_shipping, c.is_primary_shipping"""
VALUE = 'v.account_id, v.definition_id, f.fqn, v."values", v.created_by, v.created_at, v.updated_by, v.updated_at'
SEGMENT = "m.account_id, s.id, s.code, s.description, s.name, s.created_by, s.created_at, s.updated_by, s.updated_at"
NOTE = "n.account_id, n.id, n.content, n.created_by, n.created_at, n.updated_by, n.updated_at"


def at(moment: datetime | str | None) -> str | None:
    """A time as it goes over the wire; PostgreSQL's JSON has it as text already."""
    if moment is None:
        return None
    if isinstance(moment, str):
        if len(moment) == 32:
            return f"{moment[:23]}Z"
        moment = datetime.fromisoformat(moment)
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


def _audit(by: str | None, when: Any, last_by: str | None, last: Any) -> dict[str, Any]:
    return {"createBy": by, "createDate": at(when), "updateBy": last_by, "updateDate": at(last)}


def contact(c: Row) -> dict[str, Any]:
    """A contact from a row of `CONTACT`."""
    types = []
    if c[26]:
        types.append({"isPrimary": c[27], "name": "Billing"})
    if c[28]:
        types.append({"isPrimary": c[29], "name": "Shipping"})
    return {
        "accountId": c[0],
        "address": {
            "address1": c[2], "address2": c[3], "address3": c[4], "address4": c[5], "addressType": c[6],
            "cityOrTown": c[7], "countryCode": c[8], "isValidated": c[9], "postalOrZipCode": c[10],
            "stateOrProvince": c[11],
        },
        "auditInfo": _audit(c[12], c[13], c[14], c[15]),
        "companyOrOrganization": c[16], "email": c[17], "faxNumber": c[18], "firstName": c[19], "id": c[1],
        "label": c[20], "lastNameOrSurname": c[21], "middleNameOrInitial": c[22],
        "phoneNumbers": {"home": c[23], "mobile": c[24], "work": c[25]},
        "types": types,
    }  # fmt: skip


def _value(v: Row) -> dict[str, Any]:
    return {
        "attributeDefinitionId": v[1], "auditInfo": _audit(*v[4:8]), "fullyQualifiedName": v[2], "values": v[3],
    }  # fmt: skip


def _segment(s: Row) -> dict[str, Any]:
    return {"auditInfo": _audit(*s[5:9]), "code": s[2], "description": s[3], "id": s[1], "name": s[4]}


def _note(n: Row) -> dict[str, Any]:
    return {"auditInfo": _audit(*n[3:7]), "content": n[2], "id": n[1]}


def account(a: Row, contacts: list[Row], values: list[Row], segments: list[Row], notes: list[Row]) -> dict[str, Any]:
    """An account from a row of `ACCOUNT` and the rows of its children."""
    minor = Decimal(a[9])
    return {
        "acceptsMarketing": a[1], "accountType": a[2], "attributes": [_value(v) for v in values],
        "auditInfo": _audit(a[3], a[4], a[5], a[6]),
        "commerceSummary": {
            "lastOrderDate": at(a[7]), "orderCount": a[8],
            "totalOrderAmount": {"amount": minor if a[10] == "JPY" else minor * _CENTS, "currencyCode": a[10]},
            "visitsCount": a[11], "wishlistCount": a[12],
        },
        "companyOrOrganization": a[13], "contacts": [contact(c) for c in contacts], "customerSet": a[14],
        "customerSinceDate": at(a[15]), "emailAddress": a[16], "externalId": a[17], "firstName": a[18],
        "hasExternalPassword": a[19], "id": a[0], "isActive": a[20], "isAnonymous": a[21], "isLocked": a[22],
        "last2FaDate": at(a[23]), "lastName": a[24], "localeCode": a[25], "migrationRequired": a[26],
        "notes": [_note(n) for n in notes], "segments": [_segment(s) for s in segments], "taxExempt": a[27],
        "taxId": a[28], "userId": a[29], "userName": a[30],
    }  # fmt: skip
