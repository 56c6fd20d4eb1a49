"""Lists of SKUs and their items as flat rows with named columns."""

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

# Which lists hold a code: for filters only.
_HOLDS = "exists (select from sku_list_item wi where wi.tenant_id = $1 and wi.sku_list_id = wl.id and {})"

SKU_LISTS = Listing(
    select="""wl.id, wl.version, wl.account_id, wl.name, wl.slug, wl.description, wl.image_url, wl.manual,
        wl.sku_code_regex, wl.created_at, wl.updated_at, wl.reference, wl.reference_origin, wl.metadata""",
    source="sku_list wl",
    where="wl.tenant_id = $1",
    fields={
        **common("wl"),
        "account_id": Field("wl.account_id", "integer"),
        "name": Field("wl.name", sort='wl.name collate "C"'),
        "slug": Field("wl.slug", sort="wl.slug"),
        "description": Field("wl.description"),
        "image_url": Field("wl.image_url"),
        "manual": Field("wl.manual", "bool", sort="wl.manual"),
        "sku_code": Field("wi.sku_code", inside=_HOLDS),
    },
    identity="wl.id",
    order=(Sort("created_at"), Sort("id")),
)

SKU_LIST_ITEMS = Listing(
    select="""li.id, li.version, li.sku_list_id, li.position, li.sku_code, li.quantity, li.created_at, li.updated_at,
        li.reference, li.reference_origin, li.metadata""",
    source="sku_list_item li join sku_list ll on ll.tenant_id = $1 and ll.id = li.sku_list_id",
    where="li.tenant_id = $1 and ll.tenant_id = $1",
    fields={
        **common("li"),
        "sku_list_id": Field("li.sku_list_id", "integer"),
        "account_id": Field("ll.account_id", "integer"),
        "sku_code": Field("li.sku_code"),
        "position": Field("li.position", "integer", sort="li.position"),
        "quantity": Field("li.quantity", "integer", sort="li.quantity"),
    },
    identity="li.id",
    order=(Sort("created_at"), Sort("id")),
)
