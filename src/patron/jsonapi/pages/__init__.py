"""The page on which a user of the organization allows a web app: written out here, without a script.

It loads nothing, stands in no frame, and its form leads to us and to where the app wants its answer, nowhere else
(CSP Level 3).
"""

import base64
import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from patron.web.replies import Reply

_FOLDER = Path(__file__).parent
_STYLE = (_FOLDER / "authorize.css").read_text(encoding="utf-8")
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    loader=FileSystemLoader(_FOLDER),
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("authorize.html")


def question(
    *,
    program: str,
    organization: str,
    redirect_uri: str,
    hidden: dict[str, str],
    email: str = "",
    fault: str | None = None,
) -> Reply:
    """The page that asks, again with a `fault` when the answer was none."""
    target = urlsplit(redirect_uri)
    destination = f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"
    text = _PAGE.render(
        title=f"Allow {program}?",
        style=Markup(_STYLE),  # noqa: S704 - a file of ours
        program=program,
        organization=organization,
        destination=target.netloc or f"the app ({target.scheme})",
        hidden=hidden.items(),
        email=email,
        fault=fault,
    )
    return _page(422 if fault else 200, text, f"'self' {destination}")


def refusal(status: int, sentence: str) -> Reply:
    """The page that says why there is nothing to ask."""
    text = _PAGE.render(title="This does not work", style=Markup(_STYLE), program=None, fault=sentence)  # noqa: S704
    return _page(status, text, "'none'")


def away(address: str) -> Reply:
    """To where the app wants its answer, by GET whatever came before."""
    return Reply(303, b"", {"location": address, **_headers("'none'")})


def _page(status: int, text: str, form_action: str) -> Reply:
    return Reply(status, text.encode(), {"content-type": "text/html; charset=utf-8", **_headers(form_action)})


def _headers(form_action: str) -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; form-action {form_action}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        # Not no-referrer: browsers would then send no Origin with the form, by which we know it as ours.
        "referrer-policy": "same-origin",
    }
