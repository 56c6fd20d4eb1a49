"""All resources that we serve, by type."""

from patron.jsonapi import event_stores, exports, imports, webhooks
from patron.jsonapi.addresses import ADDRESSES
from patron.jsonapi.attachments import ATTACHMENTS
from patron.jsonapi.customer_addresses import CUSTOMER_ADDRESSES
from patron.jsonapi.customer_groups import CUSTOMER_GROUPS
from patron.jsonapi.customer_password_resets import CUSTOMER_PASSWORD_RESETS
from patron.jsonapi.customer_payment_sources import CUSTOMER_PAYMENT_SOURCES
from patron.jsonapi.customer_subscriptions import CUSTOMER_SUBSCRIPTIONS
from patron.jsonapi.customers import CUSTOMERS
from patron.jsonapi.event_callbacks import EVENT_CALLBACKS
from patron.jsonapi.events import EVENTS
from patron.jsonapi.markets import MARKETS
from patron.jsonapi.operations import Route, routes
from patron.jsonapi.order_subscriptions import ORDER_SUBSCRIPTIONS
from patron.jsonapi.orders import ORDERS
from patron.jsonapi.organizations import APPLICATIONS, ORGANIZATIONS
from patron.jsonapi.payment_sources import EXTERNAL_PAYMENTS, WIRE_TRANSFERS
from patron.jsonapi.resources import Resource
from patron.jsonapi.returns import RETURNS
from patron.jsonapi.sku_lists import SKU_LIST_ITEMS, SKU_LISTS
from patron.jsonapi.stores import STORES
from patron.jsonapi.tags import TAGS

_RESOURCES = (
    ADDRESSES,
    APPLICATIONS,
    ATTACHMENTS,
    CUSTOMER_ADDRESSES,
    CUSTOMER_SUBSCRIPTIONS,
    CUSTOMERS,
    CUSTOMER_GROUPS,
    EVENTS,
    EVENT_CALLBACKS,
    MARKETS,
    STORES,
    CUSTOMER_PASSWORD_RESETS,
    ORDERS,
    ORDER_SUBSCRIPTIONS,
    ORGANIZATIONS,
    RETURNS,
    CUSTOMER_PAYMENT_SOURCES,
    EXTERNAL_PAYMENTS,
    WIRE_TRANSFERS,
    SKU_LISTS,
    SKU_LIST_ITEMS,
    TAGS,
)

SERVED: dict[str, Resource] = {one.type: one for one in _RESOURCES}
SERVED["imports"] = imports.declared(SERVED)
SERVED["webhooks"] = webhooks.declared(SERVED)
SERVED["exports"] = exports.declared(SERVED)
SERVED["event_stores"] = event_stores.declared(SERVED)
SERVED |= {type_: event_stores.logged(one) for type_, one in SERVED.items()}
ROUTES: tuple[Route, ...] = routes(SERVED, {"event_stores": event_stores.log})
