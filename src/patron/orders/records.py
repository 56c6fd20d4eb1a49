"""Orders as flat rows with named columns."""

from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing


def _text(column: str) -> Field:
    return Field(f"o.{column}", sort=f"coalesce(o.{column}, '') collate \"C\"")


def _time(column: str) -> Field:
    return Field(f"o.{column}", "time", sort=f"coalesce(o.{column}, '-infinity'::timestamptz)")


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
        "no": Field("false", "bool", sort="false"),
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
