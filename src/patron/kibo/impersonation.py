"""Cart takeover, in this dialect: a ticket to act for a shopper (Kibo behaviour 8.5)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.tickets import CustomerAuthTicket, shown_ticket
from patron.kibo.wire import Given, Int32, Wire
from patron.logins import impersonation
from patron.logins.tickets import IMPERSONATE_BEHAVIOR
from patron.web.operations import Call, Operation


class CartAuthTicketRequest(Wire):
    """Whose cart, and which. `impersonatorId` is our extension: the agent, as the application knows them."""

    account_id: Given[Int32] = None
    cart_id: str | None = None
    impersonator_id: str | None = None
    user_id: str | None = None


async def impersonate_cart(ctx: Ctx, call: Call) -> Any:
    """A ticket to act for the owner of a cart."""
    body: CartAuthTicketRequest = call.body
    ticket = await impersonation.start(
        ctx,
        cart_id=body.cart_id,
        account_id=body.account_id or None,  # clients whose numbers are never null send 0
        user_id=body.user_id,
        impersonator_id=body.impersonator_id,
    )
    return await shown_ticket(ctx, ticket)


OPERATIONS = (
    Operation(
        "StorefrontAuthTicket", "impersonateCart", "POST", "/commerce/customer/authtickets/impersonatecart",
        impersonate_cart, scope=IMPERSONATE_BEHAVIOR, query=(RESPONSE_FIELDS,), body=CartAuthTicketRequest,
        answer=CustomerAuthTicket, status=201, changes=True, replays="secret",
        summary="A ticket to act for the owner of a cart",
    ),
)  # fmt: skip
