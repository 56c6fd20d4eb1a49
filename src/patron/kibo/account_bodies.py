"""The body of an account: what is shown, and what a caller may write."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from patron.accounts.model import Profile
from patron.attributes.model import Attribute
from patron.customers.actions import NewCustomer
from patron.customers.model import Customer
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.values import from_minor
from patron.kibo import contacts
from patron.kibo.contacts import CustomerContact
from patron.kibo.rule_bodies import SegmentRule
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Time, Wire, audit, read_time, time
from patron.notes.model import Note
from patron.segments.model import Segment


class CurrencyAmount(Wire):
    """An amount of money."""

    amount: Decimal = Decimal(0)
    currency_code: str | None = None


class CommerceSummary(Wire):
    """What the account did, as stored sums."""

    last_order_date: Time | None = None
    order_count: Int32 = 0
    total_order_amount: Given[CurrencyAmount] = None
    visits_count: Int32 = 0
    wishlist_count: Int32 = 0


class CustomerAttribute(Wire):
    """The values of a custom attribute."""

    attribute_definition_id: Int32 | None = None
    audit_info: Given[AdminUserAuditInfo] = None
    fully_qualified_name: str | None = None
    values: list[Any] | None = None


class CustomerNote(Wire):
    """What staff wrote."""

    audit_info: Given[AdminUserAuditInfo] = None
    content: str | None = None
    id: Given[Int32] = None


class CustomerCustomerSegment(Wire):
    """A segment that the account is in."""

    audit_info: Given[AdminUserAuditInfo] = None
    code: str | None = None
    description: str | None = None
    id: Given[Int32] = None
    name: str | None = None
    rule: SegmentRule | UnsetType | None = UNSET


class CustomerAccount(Wire):
    """An account with its children."""

    accepts_marketing: Given[bool] = None
    account_type: str | None = None
    attributes: list[CustomerAttribute] | None = None
    audit_info: Given[AdminUserAuditInfo] = None
    commerce_summary: Given[CommerceSummary] = None
    company_or_organization: str | None = None
    contacts: list[CustomerContact] | None = None
    customer_set: str | None = None
    customer_since_date: Time | None = None
    email_address: str | None = None
    external_id: str | None = None
    first_name: str | None = None
    has_external_password: Given[bool] = None
    id: Given[Int32] = None
    is_active: Given[bool] = None
    is_anonymous: Given[bool] = None
    is_locked: Given[bool] = None
    last2_fa_date: str | None = msgspec.field(name="last2FaDate", default=None)
    last_name: str | None = None
    locale_code: str | None = None
    migration_required: Given[bool] = None
    notes: list[CustomerNote] | None = None
    segments: list[CustomerCustomerSegment] | None = None
    tax_exempt: Given[bool] = None
    tax_id: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class CustomerAccountCollection(Paged):
    """A page of accounts."""

    items: list[CustomerAccount] | None = None


def shown_note(note: Note) -> CustomerNote:
    """A note as this dialect shows it."""
    return CustomerNote(audit_info=audit(note), content=note.content, id=note.id)


def shown_segment(segment: Segment, rule: SegmentRule | UnsetType | None = UNSET) -> CustomerCustomerSegment:
    """A segment as this dialect shows it; within accounts without its rule."""
    return CustomerCustomerSegment(
        audit_info=audit(segment),
        code=segment.code,
        description=segment.description,
        id=segment.id,
        name=segment.name,
        rule=rule,
    )


def shown_attribute(attribute: Attribute) -> CustomerAttribute:
    """The values of an attribute as this dialect shows them."""
    return CustomerAttribute(
        attribute_definition_id=attribute.definition_id,
        audit_info=audit(attribute),
        fully_qualified_name=attribute.fqn,
        values=attribute.values,
    )


def shown(ctx: Ctx, customer: Customer) -> CustomerAccount:
    """An account as this dialect shows it to the caller: shoppers see no attribute of the staff's group."""
    account = customer.account
    attributes = customer.attributes
    if attributes is not None and ctx.actor.kind == "shopper":
        attributes = [one for one in attributes if one.is_for_shoppers]
    return CustomerAccount(
        accepts_marketing=account.accepts_marketing,
        account_type=account.account_type,
        attributes=[shown_attribute(one) for one in attributes or ()],
        audit_info=audit(account),
        commerce_summary=CommerceSummary(
            last_order_date=time(account.last_order_at),
            order_count=account.order_count,
            total_order_amount=CurrencyAmount(
                amount=from_minor(account.order_total_minor, account.order_currency),
                currency_code=account.order_currency,
            ),
            visits_count=account.visit_count,
            wishlist_count=account.wishlist_count,
        ),
        company_or_organization=account.company,
        contacts=[contacts.shown(one) for one in customer.contacts or ()],
        customer_set=account.customer_set,
        customer_since_date=time(account.since_at),
        email_address=account.email,
        external_id=account.external_id,
        first_name=account.first_name,
        has_external_password=account.has_foreign_hash,
        id=account.id,
        is_active=account.is_active,
        is_anonymous=account.is_anonymous,
        is_locked=account.is_locked,
        last2_fa_date=time(account.second_factor_at),
        last_name=account.last_name,
        locale_code=account.locale,
        migration_required=account.needs_migration,
        notes=[shown_note(one) for one in customer.notes or ()],
        segments=[shown_segment(one) for one in customer.segments or ()],
        tax_exempt=account.is_tax_exempt,
        tax_id=account.tax_id,
        user_id=account.user_id,
        user_name=account.user_name,
    )


def read(body: CustomerAccount, *, is_import: bool = False) -> NewCustomer:
    """What a caller wrote of an account and its children; server-owned fields are ignored (Kibo behaviour 6.1).

    An import brings its own dates (6.2). Raises Invalid.
    """
    audited = (body.audit_info if is_import else None) or AdminUserAuditInfo()
    return NewCustomer(
        profile=Profile(
            account_type=body.account_type or "B2C",
            email=body.email_address,
            first_name=body.first_name,
            last_name=body.last_name,
            company=body.company_or_organization,
            external_id=body.external_id,
            tax_id=body.tax_id,
            is_tax_exempt=bool(body.tax_exempt),
            accepts_marketing=bool(body.accepts_marketing),
            locale=body.locale_code,
        ),
        customer_set=body.customer_set,
        user_id=body.user_id,
        user_name=body.user_name,
        contacts=[contacts.read(one) for one in body.contacts or ()],
        notes=[one.content for one in body.notes or ()],
        attributes=_read_attributes(body.attributes),
        since=read_time("customerSinceDate", body.customer_since_date) if is_import else None,
        created=read_time("auditInfo.createDate", audited.create_date),
    )


def _read_attributes(given: list[CustomerAttribute] | None) -> dict[str, list[object]] | None:
    """Values by name; None when the caller named no attributes at all. Raises Invalid for a name that comes twice."""
    if given is None:
        return None
    values = {one.fully_qualified_name or "": one.values or [] for one in given}
    if len(values) < len(given):
        raise Invalid.field("attributes", "names an attribute twice")
    return values
