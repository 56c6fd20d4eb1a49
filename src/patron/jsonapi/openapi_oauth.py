"""What is outside /api in this dialect's OpenAPI document: tokens, the page that gives codes, our public keys."""

from typing import Any

from patron.jsonapi.authorize import ASKED
from patron.jsonapi.oauth import JWT_BEARER

Json = dict[str, Any]

TAG = {
    "name": "oauth",
    "description": "Tokens: how they are got, ended and looked into. Bodies are JSON, or forms as RFC 6749 has them.",
}
_GRANTS = ("client_credentials", "password", "refresh_token", "authorization_code", JWT_BEARER)
_TEXT: Json = {"type": "string"}
_REASONS = {
    400: "The request cannot be read, or the client may not have that.",
    401: "The client, what it showed, or the token is not good.",
    403: "The token is not this client's.",
    422: "The page again: e-mail or password is wrong.",
    429: "Too many requests; try again after Retry-After seconds.",
    500: "A fault of ours; the request's id leads to it.",
    503: "The database does not answer; try again after Retry-After seconds.",
}


def _object(required: tuple[str, ...], **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}


_ERROR = _object(
    ("title", "detail", "code", "status", "meta"),
    title=_TEXT, detail=_TEXT, code=_TEXT, status={"type": "integer"}, meta={"type": "object"},
)  # fmt: skip
_TOKEN = _object(
    ("access_token", "token_type", "expires_in", "scope", "created_at"),
    access_token=_TEXT, token_type={"const": "bearer"}, expires_in={"type": "integer"}, scope=_TEXT,
    created_at={"type": "integer"}, refresh_token=_TEXT, owner_id=_TEXT, owner_type={"enum": ["customer", "user"]},
)  # fmt: skip
_SENT = "client_id client_secret scope username password refresh_token code redirect_uri code_verifier assertion"
_ASKED = _object(("grant_type", "client_id"), grant_type={"enum": list(_GRANTS)}, **dict.fromkeys(_SENT.split(), _TEXT))
_INFO = _object(
    ("token", "role", "application", "owner", "permissions", "accessible_apps"),
    token={"type": "object"}, role={"type": "object"}, application={"type": "object"},
    owner={"type": ["object", "null"]}, permissions={"type": "object"}, accessible_apps={"type": "array", "items": {}},
)  # fmt: skip
_REVOKED = _object(("client_id", "token"), client_id=_TEXT, client_secret=_TEXT, token=_TEXT)
_KEYS = _object(("keys",), keys={"type": "array", "items": _object(("kid", "kty"), kid=_TEXT, kty=_TEXT)})
_ANSWERED = _object(
    ("client_id", "redirect_uri", "response_type"),
    **dict.fromkeys((*ASKED, "email", "password"), _TEXT),
    decision={"enum": ["allow", "deny"]},
)
SCHEMAS: Json = {
    "oauth_errors": _object(("errors",), errors={"type": "array", "minItems": 1, "items": _ERROR}),
    "oauth_token": _TOKEN,
    "oauth_token_request": _ASKED,
    "oauth_token_info": _INFO,
    "oauth_revocation": _REVOKED,
    "oauth_answer": _ANSWERED,
    "oauth_keys": _KEYS,
    "oauth_nothing": {"type": "object", "maxProperties": 0},
}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(name: str, said: str = "What was asked for.") -> Json:
    return {"description": said, "content": {"application/json": {"schema": _ref(name)}}}


def _page(said: str) -> Json:
    return {"description": said, "content": {"text/html": {"schema": _TEXT}}}


def _failures(*statuses: int, page: bool = False) -> Json:
    found: Json = {}
    for status in (*statuses, 429, 500, 503):
        said = _REASONS[status]
        found[str(status)] = _page(said) if page else _json("oauth_errors", said)
        if status in (429, 503):
            found[str(status)]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def _call(name: str, summary: str, responses: Json, **more: Any) -> Json:
    return {"operationId": f"oauth.{name}", "tags": ["oauth"], "summary": summary, **more, "responses": responses}


def _body(name: str, *types: str) -> Json:
    return {"required": True, "content": {type_: {"schema": _ref(name)} for type_ in types}}


_BOTH = ("application/json", "application/x-www-form-urlencoded")
_AWAY: Json = {
    "description": "To the web app's address, with code and state, or with error, error_description and state.",
    "headers": {"Location": {"description": "The address.", "schema": _TEXT}},
}
_QUERY = [
    {
        "name": name,
        "in": "query",
        "required": name in ("client_id", "redirect_uri", "response_type"),
        "schema": {"enum": ["code"]} if name == "response_type" else _TEXT,
    }
    for name in ASKED
]
PATHS: Json = {
    "/oauth/authorize": {
        "get": _call(
            "ask",
            "The page on which a user of the organization allows a web app",
            {"200": _page("The page."), "303": _AWAY, **_failures(400, page=True)},
            parameters=_QUERY,
        ),
        "post": _call(
            "answer",
            "What the user typed there",
            {"303": _AWAY, **_failures(400, 422, page=True)},
            requestBody=_body("oauth_answer", _BOTH[1]),
        ),
    },
    "/oauth/token": {
        "post": _call(
            "token",
            "A token for what a client shows",
            {"200": _json("oauth_token"), **_failures(400, 401)},
            requestBody=_body("oauth_token_request", *_BOTH),
        )
    },
    "/oauth/revoke": {
        "post": _call(
            "revoke",
            "End a token",
            {"200": _json("oauth_nothing", "It is worth nothing any more."), **_failures(400, 403)},
            requestBody=_body("oauth_revocation", *_BOTH),
        )
    },
    "/oauth/tokeninfo": {
        "get": _call(
            "tokeninfo",
            "What a token is worth",
            {"200": _json("oauth_token_info"), **_failures(401)},
            security=[{"bearer": []}],
        )
    },
    "/.well-known/jwks.json": {"get": _call("keys", "The keys that verify our tokens", {"200": _json("oauth_keys")})},
}
