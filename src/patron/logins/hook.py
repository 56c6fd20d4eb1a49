"""A merchant's own check of imported passwords in formats that we do not know (docs/imported-passwords.md).

The question is signed as Standard Webhooks has it (standardwebhooks.com). Only a clear yes counts: whatever else is
answered, or nothing within three seconds, is a wrong password.
"""

import base64
import hmac

import msgspec
import structlog

from patron.kernel.context import Ctx
from patron.kernel.outbound import CallFailed
from patron.kernel.secrets import random_token
from patron.logins.model import Login
from patron.tenants import queries as tenants
from patron.tenants.actions import HOOK_KEY_PURPOSE
from patron.tenants.model import PasswordHook

log = structlog.get_logger()


class _Question(msgspec.Struct, rename="camel"):
    account_id: int
    user_name: str
    email_address: str | None
    customer_set_code: str
    password: str
    external_password: str


class _Verdict(msgspec.Struct):
    valid: bool


async def of_tenant(ctx: Ctx) -> PasswordHook | None:
    """The tenant's hook, if it has one."""
    return (await tenants.policy(ctx)).password_hook


async def confirms(ctx: Ctx, hook: PasswordHook, login: Login, password: str, stored: str) -> bool:
    """Whether the merchant says that the password belongs to the stored text. Holds neither turn nor connection."""
    body = msgspec.json.encode(
        _Question(login.account_id, login.user_name, login.email, login.customer_set, password, stored)
    )
    try:
        status, answer = await ctx.secrets.outbound.post(hook.url, body, _signed(ctx, hook, body))
        return status == 200 and msgspec.json.decode(answer, type=_Verdict).valid
    except (CallFailed, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error) if isinstance(error, CallFailed) else "the answer cannot be read"
        log.warning("password hook failed", tenant=ctx.tenant_id, request_id=ctx.request_id, reason=reason)
        return False


def _signed(ctx: Ctx, hook: PasswordHook, body: bytes) -> dict[str, str]:
    key = ctx.secrets.vault.open(base64.b64decode(hook.sealed_key), HOOK_KEY_PURPOSE)
    message, sent = f"msg_{random_token()}", str(int(ctx.now.timestamp()))
    signature = base64.b64encode(hmac.digest(key, f"{message}.{sent}.".encode() + body, "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{signature}",
    }
