"""Orders, returns and order subscriptions as flat rows with named columns."""

from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing


def _text(column: str, of: str = "o") -> Field:
    return Field(f"{of}.{column}", sort=f"coalesce({of}.{column}, '') collate \"C\"")


def _time(column: str, of: str = "o") -> Field:
    return Field(f"{of}.{column}", "time", sort=f"coalesce({of}.{column}, '-infinity'::timestamptz)")


def _fields(of: str, texts: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Field]:
    return {
        "id": Field(f"{of}.id", "integer", sort=f"{of}.id"),
        "account_id": Field(f"{of}.account_id", "integer"),
        "number": Field(f"{of}.id::text", sort=f'{of}.id::text collate "C"'),
        "metadata": Field(f"{of}.metadata", "json"),
        "zero": Field("0::bigint", "integer", sort="0::bigint"),
        "never": Field("null::timestamptz", "time", sort="'-infinity'::timestamptz"),
        "no": Field("false", "bool", sort="false::boolean"),
        **{name: _text(name, of) for name in ("status", "reference", "reference_origin", *texts)},
        **{name: _time(name, of) for name in ("created_at", "updated_at", *times)},
    }


_NUMBER = "coalesce(o.number, o.id::text)"
_EMAIL = "(select lower(oa.email) from account oa where oa.tenant_id = $1 and oa.id = o.account_id)"
_COUNTRY = "(select od.country from address od where od.tenant_id = $1 and od.id = o.shipping_address_id)"

ORDERS = Listing(
    select=f"""o.id, o.version, {_NUMBER} as number, o.status, o.payment_status, o.fulfillment_status, o.account_id,
        o.is_guest, o.status in ('draft', 'pending', 'editing') as is_editable, o.customer_type, o.site_id, o.currency,
        o.total_minor, o.language_code, o.token, o.shipping_address_id, o.billing_address_id, {_COUNTRY} as country,
        o.country_lock, o.affiliate_code, o.coupon_code, o.gift_card_code, o.gift_card_or_coupon_code, o.cart_url,
        o.return_url, o.terms_url, o.privacy_url, o.options, o.expiration_info, o.placed_at, o.approved_at,
        o.cancelled_at, o.archived_at, o.expires_at, o.payment_updated_at, o.fulfillment_updated_at, o.reference,
        o.reference_origin, o.metadata, o.created_at, o.updated_at, {_EMAIL} as email, 0::bigint as zero,
        null::text as nothing, false as no""",
    source="shop_order o",
    where="o.tenant_id = $1",
    fields={
        "id": Field("o.id", "integer", sort="o.id"),
        "number": Field(_NUMBER, sort=f'{_NUMBER} collate "C"'),
        "account_id": Field("o.account_id", "integer"),
        "site_id": Field("o.site_id", "integer"),
        "shipping_address_id": Field("o.shipping_address_id", "integer"),
        "billing_address_id": Field("o.billing_address_id", "integer"),
        "is_guest": Field("o.is_guest", "bool", sort="o.is_guest"),
        "email": Field(_EMAIL),
        "country": Field(_COUNTRY, sort=f"coalesce({_COUNTRY}, '') collate \"C\""),
        "total_minor": Field("o.total_minor", "integer", sort="o.total_minor"),
        "zero": Field("0::bigint", "integer", sort="0::bigint"),
        "nothing": Field("null::text", sort="''::text"),
        "never": Field("null::timestamptz", "time", sort="'-infinity'::timestamptz"),
        "no": Field("false", "bool", sort="false::boolean"),
        "metadata": Field("o.metadata", "json"),
        **{
            name: _text(name)
            for name in (
                "status", "payment_status", "fulfillment_status", "currency", "language_code", "token",
                "affiliate_code", "coupon_code", "gift_card_code", "reference", "reference_origin",
            )
        },
        **{
            name: _time(name)
            for name in (
                "placed_at", "approved_at", "cancelled_at", "archived_at", "expires_at", "payment_updated_at",
                "fulfillment_updated_at", "created_at", "updated_at",
            )
        },
    },
    identity="o.id",
    order=(Sort("created_at"), Sort("id")),
)  # fmt: skip

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
        **_fields("r", (), _RETURN_TIMES),
        "order_id": Field("r.order_id", "integer"),
        "is_guest": Field(
            "(select rg.is_guest from shop_order rg where rg.tenant_id = $1 and rg.id = r.order_id)", "bool"
        ),
    },
    identity="r.id",
    order=(Sort("created_at"), Sort("id")),
)

_SUBSCRIPTION_EMAIL = "(select lower(ua.email) from account ua where ua.tenant_id = $1 and ua.id = u.account_id)"

ORDER_SUBSCRIPTIONS = Listing(
    select=f"""u.id, u.version, u.id::text as number, u.source_order_id, u.account_id, u.status, u.frequency,
        u.starts_at, u.expires_at, u.next_run_at, u.activates_by_order, u.places_order, u.renewal_alert_hours,
        u.options,
        {_SUBSCRIPTION_EMAIL} as email, u.reference, u.reference_origin, u.metadata, u.created_at, u.updated_at,
        0::bigint as zero, null::timestamptz as never, null::boolean as unknown""",
    source="order_subscription u",
    where="u.tenant_id = $1",
    fields={
        **_fields("u", ("frequency",), ("starts_at", "expires_at", "next_run_at")),
        "source_order_id": Field("u.source_order_id", "integer"),
        "email": Field(_SUBSCRIPTION_EMAIL),
        "unknown": Field("null::boolean", "bool", sort="false::boolean"),
    },
    identity="u.id",
    order=(Sort("created_at"), Sort("id")),
)
