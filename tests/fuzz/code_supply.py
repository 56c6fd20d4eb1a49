"""Second factors and one-time codes that are good once, for the one request that shall work."""

import base64
from typing import Any

from kibo_requests import Form
from patron.kernel.clock import clock
from patron.logins import totp
from patron.settings import Settings
from shoppers import mailed_code, set_policy, sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop

# What is sent when chance has drawn nothing that works.
ONCE = {
    "CustomerAccount.confirmSecondFactor": Form(body={"otpCode": "{app_code}"}),
    "CustomerAccount.renewRecoveryCodes": Form(body={}),
    "StorefrontAuthTicket.generateAndSend2faOtp": Form(),
    "StorefrontAuthTicket.validate2FAAndCreateAuthTicket": Form(
        body={"userId": "{guarded_user}", "otpCode": "{recovery}"}
    ),
    "StorefrontAuthTicket.validateOtpAndCreateAuthTicket": Form(
        body={"email": "{coded_email}", "otpCode": "{mailed_code}"}
    ),
}


async def stock_codes(shop: Shop, settings: Settings) -> dict[str, Any]:
    """A shopper who waits for a mailed code, one with an app who waits for its code, and one who was mailed a code."""
    waiting = await _waiting(shop)
    await set_policy(shop, email_code_sign_in=True)
    coded = await shop.shopper()
    email = coded["customerAccount"]["emailAddress"]
    assert (await shop.post(f"{TICKETS}/otp/request", {"email": email})).status_code == 200
    code = await mailed_code(shop, settings, "shopperSignInCode")
    return {"waiting": waiting, "coded_email": email, "mailed_code": code, **await _guarded(shop)}


async def _waiting(shop: Shop) -> str:
    """The access token of a sign-in that waits, for longer than half a minute already."""
    account = (await shop.shopper())["customerAccount"]
    await set_policy(shop, second_factor={"always": True})
    waiting = (await sign_in(shop, account["emailAddress"])).json()
    await shop.database.session().execute(
        """
        update mailed_code set created_at = created_at - interval '1 minute'
        where tenant_id = $1 and account_id = $2
        """,
        shop.tenant_id,
        account["id"],
    )
    return str(waiting["accessToken"])


async def _guarded(shop: Shop) -> dict[str, Any]:
    account = (await shop.shopper())["customerAccount"]
    path = f"{ACCOUNTS}/{account['id']}/secondfactors"
    app = (await shop.post(path, {"name": "Phone"})).json()
    code = code_of(base64.b32decode(app["secret"]))
    made = await shop.post(f"{path}/{app['id']}/confirm", {"otpCode": code})
    new = (await shop.post(path, {"name": "Tablet"})).json()
    first = await sign_in(shop, account["emailAddress"], PASSWORD)
    return {
        "guarded": account["id"],
        "guarded_user": first.json()["userId"],
        "recovery": made.json()["recoveryCodes"][0],
        "new_factor": new["id"],
        "new_secret": base64.b32decode(new["secret"]),
    }


def code_of(secret: bytes) -> str:
    """What an app shows now."""
    return totp.code_at(secret, totp.step_of(clock()))
