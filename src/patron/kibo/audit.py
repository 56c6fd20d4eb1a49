"""The audit log of an account, in this dialect: one entry for each changed field (Kibo behaviour 6.7)."""

from typing import Any

from patron.customers import audit
from patron.kernel.context import Ctx
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, ask
from patron.kibo.wire import Given, Int32, Paged, Time, Wire, time
from patron.web.operations import Call, Operation


class CustomerAuditEntry(Wire):
    """A changed field: who, when, by which application at which site, and the values before and after, as text.

    `impersonator` is our extension: who acted for the shopper that entryUser names.
    """

    application: str | None = None
    customer_account_id: Given[Int32] = None
    customer_audit_entry_id: Given[Int32] = None
    description: str | None = None
    entry_date: Given[Time] = None
    entry_user: str | None = None
    field_path: str | None = None
    impersonator: str | None = None
    new_value: str | None = None
    old_value: str | None = None
    site: str | None = None


class CustomerAuditEntryCollection(Paged):
    """A page of the audit log."""

    items: list[CustomerAuditEntry] | None = None


NAMES = {
    "entrydate": "at",
    "entryuser": "actor",
    "fieldpath": "path",
    "application": "application",
    "site": "site",
    "description": "description",
    "impersonator": "impersonator",
}

# The wire's words in a field path, where they are not simply the domain's in Pascal case: those of the account, of what
# hangs on it (plural), and of a field there.
WORDS = {
    "email": "EmailAddress",
    "company": "CompanyOrOrganization",
    "is_tax_exempt": "TaxExempt",
    "locale": "LocaleCode",
    "order_count": "CommerceSummary/OrderCount",
    "order_total": "CommerceSummary/TotalOrderAmount/Amount",
    "last_order_at": "CommerceSummary/LastOrderDate",
    "wishlist_count": "CommerceSummary/WishlistCount",
    **{
        noun: f"{noun.capitalize()}s"
        for noun in ("contact", "note", "card", "attribute", "segment", "transaction", "credit", "payment", "visit")
    },
    "second_factor": "SecondFactors",
    "contact/middle_name": "MiddleNameOrInitial",
    "contact/last_name": "LastNameOrSurname",
    "contact/company": "CompanyOrOrganization",
    "contact/fax": "FaxNumber",
    "contact/phone_home": "PhoneNumbers/Home",
    "contact/phone_mobile": "PhoneNumbers/Mobile",
    "contact/phone_work": "PhoneNumbers/Work",
    "contact/is_billing": "Types/Billing",
    "contact/is_shipping": "Types/Shipping",
    "contact/is_primary_billing": "Types/Billing/IsPrimary",
    "contact/is_primary_shipping": "Types/Shipping/IsPrimary",
    **{f"contact/line_{n}": f"Address/Address{n}" for n in range(1, 5)},
    "contact/city": "Address/CityOrTown",
    "contact/state": "Address/StateOrProvince",
    "contact/postal_code": "Address/PostalOrZipCode",
    "contact/country": "Address/CountryCode",
    "contact/kind": "Address/AddressType",
    "contact/is_validated": "Address/IsValidated",
    "card/masked": "CardNumberPart",
    "card/kind": "CardType",
    "card/is_default": "IsDefaultPayMethod",
    "transaction/kind": "TransactionType",
    "transaction/interaction": "InteractionType",
    "transaction/currency": "CurrencyCode",
    "transaction/at": "Date",
    "visit/at": "Date",
    "visit/kind": "Type",
    "visit/site_id": "WebSiteId",
    "visit/location": "LocationCode",
}


def shown(entry: audit.Entry) -> CustomerAuditEntry:
    """An entry as this dialect shows it."""
    return CustomerAuditEntry(
        application=entry.application,
        customer_account_id=entry.account_id,
        customer_audit_entry_id=entry.id,
        description=entry.description,
        entry_date=time(entry.at),
        entry_user=entry.actor,
        field_path=entry.path,
        impersonator=entry.impersonator,
        new_value=entry.after,
        old_value=entry.before,
        site=entry.site,
    )


async def list_entries(ctx: Ctx, call: Call) -> Any:
    """What changed in an account, newest first. The log of a removed account can still be read."""
    wanted = ask(call, NAMES, audit.FIELDS)
    page = await audit.list_of(ctx, call.account_id, wanted, WORDS)
    return collection(CustomerAuditEntryCollection, wanted, page, shown)


OPERATIONS = (
    Operation(
        "CustomerAccount", "getAccountAuditLog", "GET",
        "/commerce/customer/accounts/{accountId}/AuditLog/Entries", list_entries, scope="customer:read",
        query=LIST, answer=CustomerAuditEntryCollection, summary="Read an account's audit log",
    ),
)  # fmt: skip
