"""The organization and the application of a token, which are there to be read (Commerce Layer behaviour 6)."""

from typing import Any

from patron.jsonapi.resources import EVENT_STORES, Attribute, Kind, Resource
from patron.tags.model import NAME_LENGTH_MAX, TAGS_MAX
from patron.tenants.records import APPLICATIONS as APPLICATIONS_LISTING
from patron.tenants.records import ORGANIZATIONS as ORGANIZATIONS_LISTING

_KINDS: dict[type, Kind] = {bool: "boolean", int: "integer", float: "float"}
# How this installation behaves, in the names of the dialect; nobody can set it otherwise.
_SETTINGS: dict[str, bool | int | float] = {
    "api_auth_redirect": False,
    "api_rules_engine": False,
    "api_rules_engine_max_conditions_size": 150,
    "api_rules_engine_max_rules_size": 15,
    "api_new_auth": True,
    "api_purge_single_resource": False,
    "api_max_regex_length": 5_000,
    "addresses_avs_check": False,
    "addresses_phone_required": True,
    "orders_sales_channel_guest_only": True,
    "orders_min_rebuild_shipments_lapse": 0.0,
    "orders_min_refresh_lapse": 0.0,
    "orders_autorefresh_cutoff_test": 50,
    "orders_autorefresh_cutoff_live": 500,
    "orders_number_editable_test": False,
    "orders_number_editable_live": False,
    "orders_number_as_reference": True,
    "orders_invalid_coupon_errors": True,
    "orders_invalid_gift_card_errors": True,
    "orders_validate_shipping_stock": False,
    "bundles_max_items_count": 10,
    "coupons_min_code_length": 8,
    "coupons_max_code_length": 40,
    "gift_cards_exact_code_matching": False,
    "gift_cards_min_code_length": 8,
    "gift_cards_max_code_length": 40,
    "cleanups_max_concurrent_count": 10,
    "exports_max_concurrent_count": 10,
    "imports_max_concurrent_count": 10,
    "imports_purge_cache": False,
    "imports_skip_errors": False,
    "inventory_models_max_stock_locations_cutoff": 10,
    "promotions_max_concurrent_count": 10,
    "promotions_max_conditions_size": 150,
    "promotions_max_rules_size": 15,
    "price_lists_max_conditions_size": 150,
    "price_lists_max_rules_size": 15,
    "imports_trigger_webhooks": 0,
    "discount_engines_enabled": False,
    "discount_engines_errors": False,
    "tags_max_name_length": NAME_LENGTH_MAX,
    "tags_max_allowed_number": TAGS_MAX,
    "tax_calculators_errors": False,
    "external_promotions_errors": False,
    "external_prices_errors": True,
    "api_fragment_caching_enabled": False,
    "skus_discovery": False,
    "payment_gateways_transaction_on_event": False,
}
# What we do not keep of an organization.
_UNSET = ("support_phone", "support_email", "logo_url", "favicon_url", "primary_color", "gtm_id", "gtm_id_test")
# As the contract marks them; but there is no operation that would write.
_MARKED = "cu"


def _unset(name: str, kind: Kind = "string", *, write: str = _MARKED) -> Attribute:
    return Attribute(name=name, kind=kind, column="nothing", write=write)


def _fixed(name: str, value: bool | float) -> Attribute:
    return Attribute(name=name, kind=_KINDS[type(value)], column="nothing", show=lambda _: value)


def _common() -> tuple[Attribute, ...]:
    def nothing(_: Any) -> dict[str, Any]:
        return {}

    return (
        Attribute(name="created_at", kind="date-time", column="created_at", field="created_at", sorts=True),
        Attribute(name="updated_at", kind="date-time", column="created_at", field="created_at", sorts=True),
        _unset("reference"),
        _unset("reference_origin"),
        Attribute(name="metadata", kind="object", column="nothing", show=nothing, write=_MARKED),
    )


ORGANIZATIONS = Resource(
    type="organizations",
    listing=ORGANIZATIONS_LISTING,
    attributes=(
        Attribute(name="name", column="name", write=_MARKED),
        Attribute(name="slug", column="slug"),
        *(_unset(name) for name in _UNSET),
        Attribute(name="domain", column="slug", is_host=True),
        _unset("config", "object", write=""),
        *(_fixed(name, value) for name, value in _SETTINGS.items()),
        *_common(),
    ),
    relationships=(EVENT_STORES,),
    guest="S",
    singleton="organization",
)

APPLICATIONS = Resource(
    type="applications",
    listing=APPLICATIONS_LISTING,
    attributes=(
        Attribute(name="name", column="name", field="name", write=_MARKED),
        Attribute(name="kind", column="kind", field="kind", write=_MARKED),
        Attribute(name="public_access", kind="boolean", column="public_access", field="public_access"),
        Attribute(name="redirect_uri", column="redirect_uri", write=_MARKED),  # several stand below each other
        _unset("scopes", write=""),
        *_common(),
    ),
    guest="S",
    singleton="application",
)
