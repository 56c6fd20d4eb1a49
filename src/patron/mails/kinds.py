"""Every kind of mail that there is, with its facts. A slice that writes mails takes its kinds from here.

The names are those that shops know (Kibo behaviour 6.3); `builtin.py` has the wording of each.
"""

from patron.mails.model import Fact, Kind

# What every mail can say.
SHOP_FACTS = {
    "shop": Fact("The site's name.", "Main street"),
    "shop_url": Fact("Where the shop's pages are.", "https://shop.example"),
    "language": Fact("The locale of the template.", "en"),
}

CREATED = Kind("shopperLoginCreated", "A login was made.")
RESET = Kind(
    "shopperPasswordReset",
    "Somebody asked for a new password.",
    {
        "link": Fact(
            "Where the password is set.", "https://shop.example/user/resetpasswordconfirm?t=1f0c&u=7a2b", needed=True
        ),
        "hours": Fact("How long the link is good.", "72"),
    },
)
PASSWORD_UPDATED = Kind("shopperPasswordUpdated", "The password is another one.")
EMAIL_UPDATED = Kind(
    "shopperEmailUpdated",
    "The e-mail address is another one; told to the old and the new.",
    {"email": Fact("The new address; empty when it was removed.", "kim@example.com")},
)

_CREDIT = {
    "balance": Fact("What is on the credit, with its currency.", "25.00 USD"),
    "code": Fact("The credit's code.", "7KQM-2WXN-9HTP-4RBD", needed=True),
    "expires_on": Fact("The last day on which it is good, in UTC.", "2027-06-30"),
}
STORE_CREDIT_CREATED = Kind("storeCreditCreated", "A customer was given store credit.", _CREDIT)
STORE_CREDIT_UPDATED = Kind("storeCreditUpdated", "The shop changed a customer's credit, or added to it.", _CREDIT)
GIFT_CARD_CREATED = Kind("giftCardCreated", "A customer was given a gift card.", _CREDIT)
_CODE_FACTS = {
    "code": Fact("The six digits.", "704198", needed=True),
    "minutes": Fact("How long the code is good.", "3"),
}
SECOND_FACTOR_CODE = Kind(
    "shopperSecondFactorCode", "A code is asked for besides the password.", _CODE_FACTS, suppressible=False
)
SIGN_IN_CODE = Kind(
    "shopperSignInCode", "Somebody signs in with a code instead of a password.", _CODE_FACTS, suppressible=False
)
SECOND_FACTOR_FAILED = Kind("shopperSecondFactorFailed", "After a right password three codes were wrong.")
_APP_FACTS = {"name": Fact("The shopper's name for the app.", "My phone")}
SECOND_FACTOR_ADDED = Kind("shopperSecondFactorAdded", "An authenticator app was added.", _APP_FACTS)
SECOND_FACTOR_REMOVED = Kind("shopperSecondFactorRemoved", "An authenticator app was removed.", _APP_FACTS)
RECOVERY_CODE_USED = Kind(
    "shopperRecoveryCodeUsed",
    "Somebody signed in with a recovery code.",
    {"left": Fact("How many recovery codes are left.", "9")},
)

KINDS = {
    kind.name: kind
    for kind in (
        *(CREATED, RESET, PASSWORD_UPDATED, EMAIL_UPDATED),
        *(STORE_CREDIT_CREATED, STORE_CREDIT_UPDATED, GIFT_CARD_CREATED),
        *(SECOND_FACTOR_CODE, SIGN_IN_CODE, SECOND_FACTOR_FAILED),
        *(SECOND_FACTOR_ADDED, SECOND_FACTOR_REMOVED, RECOVERY_CODE_USED),
    )
}


def facts_of(kind: Kind) -> dict[str, Fact]:
    """All facts of a kind, those of every mail too."""
    return {**SHOP_FACTS, **kind.facts}
