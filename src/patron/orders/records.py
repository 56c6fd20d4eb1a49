"""Orders, returns and order subscriptions as flat rows with named columns."""

import msgspec

from patron.cards.records import WALLET
from patron.kernel.columns import common, text, texts
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing


def _times(alias: str, *names: str) -> dict[str, Field]:
    return {
        name: Field(f"{alias}.{name}", "time", sort=f"coalesce({alias}.{name}, '-infinity'::timestamptz)")
        for name in names
    }


def _fields(alias: str) -> dict[str, Field]:
    """What all three have; the last are of what is not kept here."""
    return {
        **common(alias),
        **texts(alias, "status"),
        "account_id": Field(f"{alias}.account_id", "integer"),
        "number": Field(f"{alias}.id::text", sort=f'{alias}.id::text collate "C"'),
        "zero": Field("0::bigint", "integer", sort="0::bigint"),
        "never": Field("null::timestamptz", "time", sort="'-infinity'::timestamptz"),
        "no": Field("false", "bool", sort="false::boolean"),
    }


_NUMBER = "coalesce(o.number, o.id::text)"
_EMAIL = "(select lower(oa.email) from account oa where oa.tenant_id = $1 and oa.id = o.account_id)"
# What may be said of a payment source to whoever sees the order, in the words of the dialect's clients.
_DETAILS = """(select jsonb_strip_nulls(jsonb_build_object('type', os.kind, 'payment_method_id', os.token))
    from payment_source os where os.tenant_id = $1 and os.id = o.payment_source_id)"""
_SOURCE_KIND = "(select ok.kind from payment_source ok where ok.tenant_id = $1 and ok.id = o.payment_source_id)"
_COUNTRY = "(select od.country from address od where od.tenant_id = $1 and od.id = o.shipping_address_id)"

ORDERS = Listing(
    select=f"""o.id, o.version, {_NUMBER} as number, o.status, o.payment_status, o.fulfillment_status, o.account_id,
        o.is_guest, o.status in ('draft', 'pending', 'editing') as is_editable, o.customer_type, o.site_id, o.store_id,
        o.currency, o.total_minor, o.language_code, o.token, o.shipping_address_id, o.billing_address_id,
        {_COUNTRY} as country, o.country_lock,
        o.affiliate_code, o.coupon_code, o.gift_card_code, o.gift_card_or_coupon_code, o.cart_url,
        o.return_url, o.terms_url, o.privacy_url, o.options, o.expiration_info, o.placed_at, o.approved_at,
        o.cancelled_at, o.archived_at, o.expires_at, o.payment_updated_at, o.fulfillment_updated_at, o.reference,
        o.reference_origin, o.metadata, o.created_at, o.updated_at, {_EMAIL} as email, 0::bigint as zero,
        null::text as nothing, false as no, o.refreshed_at, o.payment_source_id,
        {_SOURCE_KIND} as payment_source_kind, {_DETAILS} as payment_source_details""",
    source="shop_order o",
    where="o.tenant_id = $1",
    fields={
        **_fields("o"),
        "number": Field(_NUMBER, sort=f'{_NUMBER} collate "C"'),
        "own_number": Field("o.number"),  # which an index finds
        "site_id": Field("o.site_id", "integer"),
        "store_id": Field("o.store_id", "integer"),
        "shipping_address_id": Field("o.shipping_address_id", "integer"),
        "billing_address_id": Field("o.billing_address_id", "integer"),
        "payment_source_id": Field("o.payment_source_id", "integer"),
        "payment_source_details": Field(_DETAILS, "json"),
        "is_guest": Field("o.is_guest", "bool", sort="o.is_guest"),
        "email": Field(_EMAIL),
        "country": text(_COUNTRY),
        "total_minor": Field("o.total_minor", "integer", sort="o.total_minor"),
        "nothing": Field("null::text", sort="''::text"),
        **texts("o", "payment_status", "fulfillment_status", "currency", "language_code", "token"),
        **texts("o", "affiliate_code", "coupon_code", "gift_card_code"),
        **_times("o", "placed_at", "approved_at", "cancelled_at", "archived_at", "expires_at"),
        **_times("o", "payment_updated_at", "fulfillment_updated_at", "refreshed_at"),
    },
    identity="o.id",
    order=(Sort("created_at"), Sort("id")),
)

# The wallet of an order's customer: what the order could be paid with.
WALLET_OF_ORDER = msgspec.structs.replace(
    WALLET,
    source=f"{WALLET.source} join shop_order wo on wo.tenant_id = $1 and wo.account_id = k.account_id",
    fields={**WALLET.fields, "order_id": Field("wo.id", "integer")},
)

_RETURN_TIMES = (
    "approved_at", "cancelled_at", "shipped_at", "rejected_at", "received_at", "refunded_at", "archived_at",
)  # fmt: skip
_RETURN_EMAIL = "(select lower(ra.email) from account ra where ra.tenant_id = $1 and ra.id = r.account_id)"
_ESTIMATE = """coalesce(r.refund_minor,
    (select ro.total_minor from shop_order ro where ro.tenant_id = $1 and ro.id = r.order_id))"""

RETURNS = Listing(
    select=f"""r.id, r.version, r.id::text as number, r.order_id, r.account_id, r.status, {_RETURN_EMAIL} as email,
        {_ESTIMATE} as estimate_minor,
        (select rc.currency from shop_order rc where rc.tenant_id = $1 and rc.id = r.order_id) as currency,
        {", ".join(f"r.{name}" for name in _RETURN_TIMES)}, r.reference, r.reference_origin, r.metadata, r.created_at,
        r.updated_at, 0::bigint as zero""",
    source="order_return r",
    where="r.tenant_id = $1",
    fields={
        **_fields("r"),
        **_times("r", *_RETURN_TIMES),
        "order_id": Field("r.order_id", "integer"),
        "is_guest": Field(
            "(select rg.is_guest from shop_order rg where rg.tenant_id = $1 and rg.id = r.order_id)", "bool"
        ),
    },
    identity="r.id",
    order=(Sort("created_at"), Sort("id")),
)

# An entry that has left the wallet, or went to somebody else, pays for nothing here any more.
_ENTRY = """(select uk.number from card uk
    where uk.tenant_id = $1 and uk.number = u.wallet_entry and uk.account_id = u.account_id)"""
_SUBSCRIPTION_EMAIL = "(select lower(ua.email) from account ua where ua.tenant_id = $1 and ua.id = u.account_id)"

ORDER_SUBSCRIPTIONS = Listing(
    select=f"""u.id, u.version, u.id::text as number, u.source_order_id, u.site_id, u.account_id, u.status, u.frequency,
        u.starts_at, u.expires_at, u.next_run_at, u.activates_by_order, u.places_order, u.renewal_alert_hours,
        u.options, {_ENTRY} as wallet_entry,
        {_SUBSCRIPTION_EMAIL} as email, u.reference, u.reference_origin, u.metadata, u.created_at, u.updated_at,
        0::bigint as zero, null::timestamptz as never, null::boolean as unknown""",
    source="order_subscription u",
    where="u.tenant_id = $1",
    fields={
        **_fields("u"),
        **texts("u", "frequency"),
        **_times("u", "starts_at", "expires_at", "next_run_at"),
        "site_id": Field("u.site_id", "integer"),
        "source_order_id": Field("u.source_order_id", "integer"),
        "wallet_entry": Field(_ENTRY, "integer"),
        "email": Field(_SUBSCRIPTION_EMAIL),
        "unknown": Field("null::boolean", "bool", sort="false::boolean"),
    },
    identity="u.id",
    order=(Sort("created_at"), Sort("id")),
)
