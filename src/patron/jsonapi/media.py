"""Media types: one for everything, without parameters (Commerce Layer behaviour 4)."""

from collections.abc import Mapping

from patron.jsonapi.errors import Refusal

TYPE = "application/vnd.api+json"
_TAKEN = {TYPE, "*/*", "application/*"}


def check(headers: Mapping[str, str], *, has_body: bool) -> None:
    """Refuse what we cannot read, and whoever cannot read us. Raises Refusal."""
    if has_body and headers.get("content-type", "").strip().lower() != TYPE:
        detail = f"All requests that create or update must use the '{TYPE}' Content-Type."
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Unsupported media type", detail)
    accepted = headers.get("accept", "").strip()
    if accepted and not any(_is_taken(part) for part in accepted.split(",")):
        detail = f"All requests must use the '{TYPE}' Accept without media type parameters."
        raise Refusal("NOT_ACCEPTABLE", "Not acceptable", detail)


def _is_taken(part: str) -> bool:
    name, *parameters = [piece.strip().lower() for piece in part.split(";")]
    return name in _TAKEN and all(one.startswith("q=") for one in parameters)
