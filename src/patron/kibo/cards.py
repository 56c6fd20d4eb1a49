"""Cards of an account, in this dialect: what may be shown of them, never a number (Kibo behaviour 12)."""

from typing import Any

from patron.cards import actions, model, queries
from patron.kernel.context import Ctx
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.wire import Given, Int32, Wire
from patron.web.operations import Answer, Call, Operation


class Card(Wire):
    """A saved card. Its id is the payment service's."""

    card_number_part: str | None = None
    card_type: str | None = None
    contact_id: Given[Int32] = None
    expire_month: Int32 | None = None
    expire_year: Int32 | None = None
    id: str | None = None
    is_default_pay_method: Given[bool] = None
    name_on_card: str | None = None


class CardCollection(Wire):
    """All cards of an account; there are no pages (Kibo behaviour 5.1)."""

    items: list[Card] | None = None
    total_count: Int32 = 0


def shown(card: model.Card) -> Card:
    """A card as this dialect shows it. The contact's id is never null here: a card without one has 0."""
    return Card(
        card_number_part=card.masked,
        card_type=card.kind,
        contact_id=card.contact_id or 0,
        expire_month=card.expire_month,
        expire_year=card.expire_year,
        id=card.id,
        is_default_pay_method=card.is_default,
        name_on_card=card.name_on_card,
    )


def read(body: Card) -> model.Details:
    """What a caller wrote."""
    return model.Details(
        contact_id=body.contact_id or None,
        masked=body.card_number_part,
        kind=body.card_type,
        name_on_card=body.name_on_card,
        expire_month=body.expire_month,
        expire_year=body.expire_year,
        is_default=body.is_default_pay_method or False,
    )


async def list_cards(ctx: Ctx, call: Call) -> Any:
    """All cards, oldest first."""
    cards = await queries.list_of(ctx, call.account_id)
    return CardCollection(items=[shown(one) for one in cards], total_count=len(cards))


async def get_card(ctx: Ctx, call: Call) -> Any:
    """One card."""
    card = await queries.get(ctx, call.account_id, call.path["cardId"])
    return Answer(shown(card), version=card.version)


async def add_card(ctx: Ctx, call: Call) -> Any:
    """Save what may be shown of a card, under the id that the payment service gave it."""
    card = await actions.add(ctx, call.account_id, call.body.id, read(call.body))
    return Answer(shown(card), version=card.version)


async def update_card(ctx: Ctx, call: Call) -> Any:
    """Replace it. The id in the path counts, one in the body does not."""
    card = await actions.update(ctx, call.account_id, call.path["cardId"], read(call.body), expect=call.expect)
    return Answer(shown(card), version=card.version)


async def delete_card(ctx: Ctx, call: Call) -> Any:
    """Forget it."""
    await actions.delete(ctx, call.account_id, call.path["cardId"], expect=call.expect)


_PATH = "/commerce/customer/accounts/{accountId}/cards"
_ONE = f"{_PATH}/{{cardId}}"
_READ: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:read", "shopper": "own"}
_WRITE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "shopper": "own", "changes": True}

OPERATIONS = (
    Operation(
        id="getAccountCards", method="GET", path=_PATH, handler=list_cards, query=(RESPONSE_FIELDS,),
        answer=CardCollection, summary="List an account's cards", **_READ,
    ),
    Operation(
        id="getAccountCard", method="GET", path=_ONE, handler=get_card, query=(RESPONSE_FIELDS,), answer=Card,
        versioned=True, summary="Read a card", **_READ,
    ),
    Operation(
        id="addAccountCard", method="POST", path=_PATH, handler=add_card, query=(RESPONSE_FIELDS,), body=Card,
        answer=Card, status=201, replays="yes", versioned=True, summary="Save a card", **_WRITE,
    ),
    Operation(
        id="updateAccountCard", method="PUT", path=_ONE, handler=update_card, query=(RESPONSE_FIELDS,), body=Card,
        answer=Card, versioned=True, summary="Replace a card", **_WRITE,
    ),
    Operation(
        id="deleteAccountCard", method="DELETE", path=_ONE, handler=delete_card, status=204, versioned=True,
        summary="Forget a card", **_WRITE,
    ),
)  # fmt: skip
