"""What forgetting a customer changes. Sums, orders and the ledger stay: they say what was sold, not to whom.

The audit entries stay as facts (who did what, when), but what they say of the values before and after goes.
"""

from patron.accounts import actions as accounts
from patron.attachments import owners as attachments
from patron.contacts import places
from patron.imports import forgetting as imports
from patron.kernel.context import Ctx
from patron.logins import actions as logins
from patron.sku_lists import actions as sku_lists
from patron.tags import tagging
from patron.visits import actions as visits
from patron.visits.model import visitor_of

TEXT = "anonymized"

# Rows that say nothing but who somebody was, or only serve who signs in.
_REMOVED = (
    "attribute", "note", "card", "login_name", "login_device", "login", "password_reset", "ticket_family",
    "access_grant", "anonymous_link", "mail", "mailed_code", "waiting_sign_in", "second_factor", "recovery_code",
    "customer_subscription",
)  # fmt: skip
_CONTACT = ("email", "first_name", "middle_name", "last_name", "company", "label", "fax", "phone_home", "phone_mobile",
            "phone_work")  # fmt: skip
_ADDRESS = ("line_1", "line_2", "line_3", "line_4", "postal_code", "first_name", "last_name", "company", "phone",
            "email", "notes", "billing_info")  # fmt: skip


async def forget(ctx: Ctx, account_id: int) -> None:
    """Replace everything that says who a customer was, and end every way to sign in. Raises NotFound."""
    account = await accounts.lock(ctx, account_id)
    await logins.end_tickets(ctx, account_id)
    await visits.forget(ctx, account_id, visitor_of(account_id))
    for table in _REMOVED:
        await ctx.db.execute(f"delete from {table} where tenant_id = $1 and account_id = $2", ctx.tenant_id, account_id)
    await tagging.forget(ctx, "account", [account_id])
    await places.forget_tags(ctx, account_id)
    await attachments.forget(ctx, "account", [account_id])
    await sku_lists.forget(ctx, account_id)
    await imports.forget(ctx, account)
    await _blank_children(ctx, account_id)
    await accounts.anonymize(ctx, account)
    await ctx.db.execute(
        "update event set changes = '{}' where tenant_id = $1 and account_id = $2", ctx.tenant_id, account_id
    )
    # What webhooks were sent; what still waits is made of what is left.
    await ctx.db.execute(
        """
        update webhook_delivery d set body = null where d.tenant_id = $1 and d.event_id = any(array(
            select e.id from event e where e.tenant_id = $1 and e.account_id = $2))
        """,
        ctx.tenant_id,
        account_id,
    )


async def _blank_children(ctx: Ctx, account_id: int) -> None:
    """Contacts with their addresses, and orders with theirs: places stay as far as city and country."""
    orders = "(select o.{} from shop_order o where o.tenant_id = $1 and o.account_id = $2)"
    blank = ", ".join(f"{name} = case when {name} is null then null else $3 end" for name in _ADDRESS)
    await ctx.db.execute(
        f"""
        update address set version = version + 1, latitude = null, longitude = null, reference = null,
               metadata = '{{}}', {blank}
        where tenant_id = $1 and (account_id = $2
            or id in (select c.address_id from contact c where c.tenant_id = $1 and c.account_id = $2)
            or id in {orders.format("shipping_address_id")} or id in {orders.format("billing_address_id")})
        """,
        ctx.tenant_id,
        account_id,
        TEXT,
    )
    blank = ", ".join(f"{name} = case when {name} is null then null else $3 end" for name in _CONTACT)
    await ctx.db.execute(
        f"""
        update contact set version = version + 1, reference = null, metadata = '{{}}', {blank}
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
        TEXT,
    )
    await ctx.db.execute(
        """
        update shop_order set version = version + 1, reference = null, metadata = '{}', cart_url = null,
               return_url = null
        where tenant_id = $1 and account_id = $2
        """,
        ctx.tenant_id,
        account_id,
    )
    await ctx.db.execute(
        """
        update payment_source set version = version + 1, token = null, options = null, reference = null, metadata = '{}'
        where tenant_id = $1 and order_id in (
            select o.id from shop_order o where o.tenant_id = $1 and o.account_id = $2)
        """,
        ctx.tenant_id,
        account_id,
    )
    for table in ("order_return", "order_subscription"):
        await ctx.db.execute(
            f"""
            update {table} set version = version + 1, reference = null, metadata = '{{}}'
            where tenant_id = $1 and account_id = $2
            """,
            ctx.tenant_id,
            account_id,
        )
