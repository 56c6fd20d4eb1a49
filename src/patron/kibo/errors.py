"""How our errors look in this dialect: status, code and body (Kibo behaviour 3 and 4).

Every answer that is not 2xx carries this body: the client parses it before it throws.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from patron.kernel.errors import (
    BadAsk,
    BadCredentials,
    Forbidden,
    Invalid,
    KeyReused,
    Locked,
    NotFound,
    PatronError,
    Problem,
    Refused,
    Stale,
    Taken,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from patron.kibo.wire import Wire
from patron.web.bodies import Misfit, Unreadable


class AdditionalErrorData(Wire):
    """A named detail."""

    name: str
    value: str


class ErrorItem(Wire):
    """One of several faults."""

    error_code: str
    message: str
    application_name: str = "Customer"
    additional_error_data: list[AdditionalErrorData] = msgspec.field(default_factory=list)


class ErrorBody(Wire):
    """The body of every failure."""

    error_code: str
    message: str
    correlation_id: str
    application_name: str = "Customer"
    exception_detail: None = None
    items: list[ErrorItem] = msgspec.field(default_factory=list)
    additional_error_data: list[AdditionalErrorData] = msgspec.field(default_factory=list)


class Failure(msgspec.Struct):
    """Status, headers (names in lower case) and body of a failed request."""

    status: int
    body: ErrorBody
    headers: dict[str, str] = {}


_CODES: dict[type[PatronError], tuple[int, str]] = {
    Unauthenticated: (401, "UNAUTHORIZED"),
    BadCredentials: (401, "INVALID_CREDENTIALS"),
    Forbidden: (403, "FORBIDDEN"),
    NotFound: (404, "ITEM_NOT_FOUND"),
    Invalid: (400, "MISSING_OR_INVALID_PARAMETER"),
    BadAsk: (400, "MISSING_OR_INVALID_PARAMETER"),
    Unreadable: (400, "MISSING_OR_INVALID_PARAMETER"),
    Taken: (409, "ITEM_ALREADY_EXISTS"),
    Refused: (409, "VALIDATION_CONFLICT"),
    Locked: (409, "VALIDATION_CONFLICT"),
    Stale: (412, "PRECONDITION_FAILED"),
    KeyReused: (422, "IDEMPOTENCY_KEY_REUSED"),
    TooMany: (429, "TOO_MANY_REQUESTS"),
    Unavailable: (503, "SYSTEM_MAINTENANCE"),
}
# Further codes that the face itself gives, with their status.
FACE_CODES = {"METHOD_NOT_ALLOWED": 405, "REQUEST_TOO_LARGE": 413, "UNEXPECTED_ERROR": 500}
STATUSES = {**{code: status for status, code in _CODES.values()}, **FACE_CODES}

TIED_TO_LOGIN = "is already tied to a login"

# Domain names that this dialect spells in another way than camelCase.
_NAMES = {
    **{name: name for name in ("client_id", "client_secret", "grant_type", "refresh_token")},  # as OAuth spells them
    "email": "EmailAddress",
    "user_name": "username",
    "company": "companyOrOrganization",
    "is_tax_exempt": "taxExempt",
    "locale": "localeCode",
    "middle_name": "middleNameOrInitial",
    "fax": "faxNumber",
    "line_1": "address1",
    "line_2": "address2",
    "line_3": "address3",
    "line_4": "address4",
    "city": "cityOrTown",
    "state": "stateOrProvince",
    "postal_code": "postalOrZipCode",
    "country": "countryCode",
    "kind": "addressType",
    "masked": "cardNumberPart",
    "contact_email": "email",
    "otp_email": "email",
    "contact_last_name": "lastNameOrSurname",
    "phone_home": "phoneNumbers.home",
    "phone_mobile": "phoneNumbers.mobile",
    "phone_work": "phoneNumbers.work",
    "card_kind": "cardType",
    "transaction_kind": "transactionType",
    "interaction": "interactionType",
    "currency": "currencyCode",
    "visit_kind": "type",
    "site_id": "webSiteId",
    "session_id": "webSessionId",
    "referrer": "webReferrer",
    "user_agent": "webUserAgent",
    "browser_location": "browserLocationCode",
    "location": "locationCode",
    "sort": "sortBy",
    "mapping": "valueMappingAttributeFQN",
    "site": "x-vol-site",
}


def parameter_name(field: str) -> str:
    """The wire's name of a domain field; `[3].email` is that of the fourth row, `words[3].text` of a list's."""
    if field in _NAMES:
        return _NAMES[field]
    if "~" in field:
        return field  # the full name of a custom attribute is the caller's own
    outer, dot, name = field.rpartition(".")
    if dot:
        return f"{parameter_name(outer)}.{parameter_name(name)}"
    if field.endswith("]"):
        rows, _, number = field.rpartition("[")
        return f"{parameter_name(rows)}[{number}"
    first, *rest = field.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def failure(error: PatronError, correlation_id: str) -> Failure:
    """The answer for an error."""
    if isinstance(error, Taken) and error.field in ("email", "name", "user_name"):
        # Themes know a taken address by this text and 400 (Kibo behaviour 3.2).
        name = "EmailAddress" if error.field == "email" else "username"
        return _parameter([Problem(name, TIED_TO_LOGIN)], correlation_id)
    if isinstance(error, Misfit):
        return _parameter(list(error.problems), correlation_id, named=str)
    if isinstance(error, Invalid):
        return _parameter(list(error.problems), correlation_id)
    if isinstance(error, BadAsk):
        return _parameter([Problem(error.parameter, error.message)], correlation_id)
    if isinstance(error, Unreadable):
        return _parameter([Problem("body", error.message)], correlation_id)
    status, code = _CODES[type(error)]
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, TooMany | Unavailable) else {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Failure(status, ErrorBody(error_code=code, message=error.message, correlation_id=correlation_id), headers)


def _parameter(problems: list[Problem], correlation_id: str, named: Callable[[str], str] = parameter_name) -> Failure:
    code = "MISSING_OR_INVALID_PARAMETER"
    items = [
        ErrorItem(
            error_code=code,
            message=f"Missing or invalid parameter: {name} {problem.message}",
            additional_error_data=[AdditionalErrorData(name="ParameterName", value=name)],
        )
        for problem, name in ((p, named(p.field)) for p in problems)
    ]
    first = items[0]
    body = ErrorBody(
        error_code=code,
        message=first.message,
        correlation_id=correlation_id,
        items=items,
        additional_error_data=first.additional_error_data,
    )
    return Failure(400, body)


def plain(code: str, message: str, correlation_id: str, **headers: str) -> Failure:
    """A failure of the face itself, by its code."""
    return Failure(
        STATUSES[code],
        ErrorBody(error_code=code, message=message, correlation_id=correlation_id),
        {name.lower().replace("_", "-"): value for name, value in headers.items()},
    )


def body_schema() -> Any:
    """The type of every failure's body, for the OpenAPI document."""
    return ErrorBody
