"""This dialect's OpenAPI document: what it says beyond the operations table."""

from functools import cache
from typing import Any

from patron.kibo import errors
from patron.kibo.operations import OPERATIONS
from patron.web import openapi
from patron.web.operations import ENCODER, Operation

Json = dict[str, Any]

_DESCRIPTION = """
Customer accounts of a shop: who the customers are, how they sign in, what is known about them. The calls are those of
the Kibo Customer API, so that its official client works against this server.

**Authentication.** An application signs in with its client id and secret (`POST
/api/platform/applications/authtickets/oauth`) and sends the token as `Authorization: Bearer`, or raw as
`x-vol-app-claims`. It needs the behavior that each call names beside its security scheme. A shopper signs in with
`POST /api/commerce/customer/authtickets`; the ticket's `accessToken` goes raw into `x-vol-user-claims` next to the
application's token, and its `jwtAccessToken` is good alone as the bearer. A shopper reaches the own account only.

**Input.** Property and parameter names are taken in any case, unknown ones are ignored, and null means the same as
absent. Paths are taken in any case, with or without a final slash.

**Lists** take `startIndex` and `pageSize`, or faster on long lists the `cursor` that the page before gave as
`nextCursor`. `responseFields` leaves parts out of any answer: `items(id,emailAddress),totalCount`.

**Failures** all have the same body. An unknown path answers 404, a known path with another method 405 with `Allow`,
and both have that body too. `x-vol-correlation` names the request in the answer and in our log.
""".strip()

_TAGS = {
    "CustomerAccount": "Accounts, and what belongs to one: contacts, notes, attributes, cards, logins, transactions.",
    "CustomerAttributeDefinition": "Definitions of the custom attributes of B2C accounts.",
    "CustomerAccountAttributeDefinitions": "Definitions of the custom attributes of B2B accounts.",
    "Credit": "Store credit and gift cards: their balances, and payments with them.",
    "ProductAttributes": "Definitions of the attributes of products, in every language; no products.",
    "CustomerSegment": "Segments: named sets of accounts.",
    "OrderAttributeDefinitions": "Definitions of the custom attributes of orders, whose values sit on the orders.",
    "CustomerSet": "Customer sets: sites that share accounts and logins.",
    "AddressValidation": "Whether an address can be right, and how it is best written.",
    "StorefrontAuthTicket": "Tickets: how shoppers sign in and stay signed in.",
    "CustomerVisit": "Visits: who came to a site or store, when, with what, and what they did there.",
    "Platform": "How applications sign in, and what they may know of the tenant.",
}

_ID: Json = {"schema": {"type": "integer", "format": "int64"}}
_TEXT: Json = {"schema": {"type": "string"}}
_PATH: dict[str, Json] = {
    "accountId": {**_ID, "description": "The account."},
    "attributeFQN": {**_TEXT, "description": "The attribute by its full name: namespace~code."},
    "cardId": {**_TEXT, "description": "The card, by the id that the payment service gave."},
    "code": {**_TEXT, "description": "The code."},
    "contactId": {**_ID, "description": "The contact."},
    "factorId": {**_ID, "description": "The authenticator app."},
    "id": {**_ID, "description": "The id."},
    "localeCode": {**_TEXT, "description": "The language, in any case: en-US."},
    "paymentId": {**_ID, "description": "The payment."},
    "noteId": {**_ID, "description": "The note."},
    "refreshToken": {**_TEXT, "description": "The refresh token."},
    "segmentId": {**_ID, "description": "The segment."},
    "tenantId": {**_ID, "description": "The tenant."},
    "visitId": {**_TEXT, "description": "The visit, by our id or the caller's own."},
    "transactionId": {**_TEXT, "description": "The transaction."},
    "value": {**_TEXT, "description": "The value of the vocabulary, in any case."},
}

_HEADERS: tuple[Json, ...] = (
    {"name": "x-vol-tenant", "in": "header", "description": "The tenant; the token's own counts without it.", **_ID},
    {"name": "x-vol-site", "in": "header", "description": "The site; the application's own counts without it.", **_ID},
)

_SCHEMES: dict[str, Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The application's access token, or a shopper's jwtAccessToken.",
    },
    "appClaims": {
        "type": "apiKey",
        "in": "header",
        "name": "x-vol-app-claims",
        "description": "The application's access token, without a scheme word.",
    },
    "userClaims": {
        "type": "apiKey",
        "in": "header",
        "name": "x-vol-user-claims",
        "description": "A shopper's access token, beside the application's; at 2fa/request that of who waits.",
    },
}

_REASONS = {
    400: "A parameter, a header or the body is missing or cannot be taken; additionalErrorData names it.",
    401: "No token, or one that is not good (any more); at a sign-in: wrong credentials.",
    403: "The application lacks the behavior, or a shopper may not do this.",
    404: "There is no such thing in this tenant.",
    409: "Already there, or not possible in the present state.",
    412: "The resource has changed since the version in If-Match.",
    413: "The body is too large.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests; try again after Retry-After seconds.",
    500: "A fault of ours; the correlation id leads to it.",
    503: "The database does not answer; try again after Retry-After seconds.",
}


def security(operation: Operation) -> list[Json]:
    """The tokens that a call takes, each choice with the behavior that the application needs (Kibo behaviour 2)."""
    behaviors = [operation.scope] if operation.scope else []
    choices: list[Json] = [{"bearer": behaviors}, {"appClaims": behaviors}]
    if operation.shopper == "no":
        return choices
    return choices + [{**choice, "userClaims": []} for choice in choices]


@cache
def document() -> bytes:
    """The document as JSON; made at the first call."""
    dialect = openapi.Dialect(
        title="Patron: Kibo Customer API",
        description=_DESCRIPTION,
        base="/api",
        tags=_TAGS,
        path=_PATH,
        headers=_HEADERS,
        schemes=_SCHEMES,
        security=security,
        error=errors.body_schema(),
        reasons=_REASONS,
        thinned_by="responseFields",
    )
    return ENCODER.encode(openapi.document(OPERATIONS, dialect))
