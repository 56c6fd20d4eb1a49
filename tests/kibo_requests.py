"""A good request for every operation of the Kibo face, as a form to be filled with ids.

The walks over all operations (tenancy, scopes, bad input) read this table; an operation that is not in it fails them.
A form names ids in braces, `{contact}`; whoever fills it decides whose ids they are.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from patron.app import clock
from patron.kernel.secrets import random_token
from patron.kibo.operations import OPERATIONS
from patron.tenants import actions as tenants
from patron.web.operations import Operation
from product_samples import BODIES as PRODUCT_BODIES
from product_samples import PRODUCT_ATTRIBUTES, labelled
from shops import ACCOUNTS, CREDITS, PASSWORD, Shop

Things = Mapping[str, Any]

# Path parameter → what stands there.
PATH = {
    "accountId": "account",
    "contactId": "contact",
    "noteId": "note",
    "cardId": "card",
    "transactionId": "transaction",
    "id": "segment",
    "visitId": "visit",
    "segmentId": "ruled",
    "attributeFQN": "attribute",
    "value": "word",
    "localeCode": "locale",
    "factorId": "factor",
    "code": "customer_set",
    "tenantId": "tenant",
    "refreshToken": "application_refresh",
    "paymentId": "payment",
}
# The same, where a group means another thing by the name.
_IN_GROUP = {("Credit", "code"): "credit"}

_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Form:
    """Query and body of a request. A text that is nothing but one name in braces becomes that thing itself."""

    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


_ADDRESS = {"address1": "1 Main St", "cityOrTown": "Austin", "stateOrProvince": "TX", "countryCode": "US"}
_CONTACT = {"firstName": "Kim", "address": _ADDRESS, "types": [{"name": "Billing", "isPrimary": True}]}
_CARD = {"id": "new-card", "contactId": "{contact}", "cardNumberPart": "****1111", "cardType": "VISA"}
_TRANSACTION = {"transactionType": "Order", "amount": 10, "currencyCode": "USD", "interactionType": "Website"}
_VISIT = {"accountId": "{account}", "type": "Website", "webUserAgent": "Mozilla/5.0 (iPad)"}
_SIGN_UP = {"account": {"emailAddress": "{new_email}", "firstName": "Kim"}, "password": PASSWORD}
_DEFINITION = {
    "attributeCode": "{new_code}",
    "adminName": "Shoe size",
    "inputType": "TextBox",
    "dataType": "String",
    "valueType": "ShopperEntered",
    "displayGroup": "AdminAndStorefront",
    "isActive": True,
    "isVisible": True,
}
_VISITS = "/api/commerce/customer/visits"
_CREDIT = {"creditType": "GiftCard", "initialBalance": 50, "currencyCode": "USD", "customerId": "{account}"}
_PAYMENT = {"amount": 1.25, "currencyCode": "USD", "orderId": "order-7"}
_VALUES = {"fullyQualifiedName": "{attribute}", "values": ["blue"]}

FORMS: dict[str, list[Form]] = {
    "CustomerAccount.getAccounts": [
        Form(),
        Form({"filter": "id eq {account}"}),
        Form({"filter": "emailAddress eq '{email}' or contacts.id eq {contact}"}),
        Form({"q": "{account}"}),
        Form({"q": "{email}"}),
        Form({"cursor": "{cursor}", "pageSize": 1}),
    ],
    "CustomerAccount.getAccount": [Form()],
    "CustomerAccount.getCurrentAccount": [Form()],
    "CustomerAccount.addAccount": [Form(body={"emailAddress": "{new_email}", "contacts": [_CONTACT]})],
    "CustomerAccount.updateAccount": [Form(body={"firstName": "Kim", "emailAddress": "{new_email}"})],
    "CustomerAccount.deleteAccount": [Form()],
    "CustomerAccount.performAccountAction": [Form(body={"actionName": "DisableAccount"})],
    "CustomerAccount.addAccountAndLogin": [Form(body=_SIGN_UP)],
    "CustomerAccount.addLoginToExistingCustomer": [Form(body={"emailAddress": "{new_email}", "password": PASSWORD})],
    "CustomerAccount.addAccounts": [Form(body=[_SIGN_UP])],
    "CustomerAccount.changePassword": [Form({"userId": "{user}"}, {"newPassword": "Other-horse-7"}), Form(body={})],
    "CustomerAccount.changePasswords": [
        Form(body={"items": [{"accountId": "{account}", "passwordInfo": {"newPassword": "Other-horse-7"}}]}),
    ],
    "CustomerAccount.resetPassword": [Form(body={"emailAddress": "{email}"}), Form(body={"userName": "{email}"})],
    "CustomerAccount.updateForgottenPassword": [
        Form(body={"userName": "{email}", "newPassword": "Other-horse-7", "confirmationCode": "{reset}"}),
    ],
    "CustomerAccount.setLoginLocked": [Form({"userId": "{user}"}, True), Form(body=True)],
    "CustomerAccount.setPasswordChangeRequired": [Form(body=True)],
    "CustomerAccount.getSecondFactors": [Form()],
    "CustomerAccount.addSecondFactor": [Form(body={"name": "Phone", "password": PASSWORD})],
    "CustomerAccount.confirmSecondFactor": [Form(body={"otpCode": "123456"})],
    "CustomerAccount.removeSecondFactor": [Form(body={"otpCode": "123456"}), Form(body={})],
    "CustomerAccount.renewRecoveryCodes": [Form(body={"otpCode": "123456"})],
    "CustomerAccount.getLoginState": [Form({"userId": "{user}"}), Form()],
    "CustomerAccount.getLoginStateByEmailAddress": [
        Form({"emailAddress": "{email}"}),
        Form({"emailAddress": "{email}", "customerSetCode": "{customer_set}"}),
    ],
    "CustomerAccount.getLoginStateByUserName": [Form({"userName": "{email}"})],
    "CustomerAccount.getAccountContacts": [Form(), Form({"filter": "id eq {contact}"})],
    "CustomerAccount.getAccountContact": [Form()],
    "CustomerAccount.addAccountContact": [Form(body=_CONTACT)],
    "CustomerAccount.addAccountContactList": [Form(body=[_CONTACT])],
    "CustomerAccount.updateAccountContact": [Form(body=_CONTACT)],
    "CustomerAccount.deleteAccountContact": [Form()],
    "CustomerAccount.getAccountNotes": [Form(), Form({"filter": "id eq {note}"})],
    "CustomerAccount.getAccountNote": [Form()],
    "CustomerAccount.addAccountNote": [Form(body={"content": "Likes tea"})],
    "CustomerAccount.updateAccountNote": [Form(body={"content": "Likes tea"})],
    "CustomerAccount.deleteAccountNote": [Form()],
    "CustomerAccount.getAccountCards": [Form()],
    "CustomerAccount.getAccountCard": [Form()],
    "CustomerAccount.addAccountCard": [Form(body=_CARD)],
    "CustomerAccount.updateAccountCard": [Form(body=_CARD)],
    "CustomerAccount.deleteAccountCard": [Form()],
    "CustomerAccount.getTransactions": [Form()],
    "CustomerAccount.addTransaction": [Form(body=_TRANSACTION)],
    "CustomerAccount.removeTransaction": [Form()],
    "CustomerAccount.recomputeCustomerLifetimeValue": [Form()],
    "CustomerAccount.getAccountSegments": [Form(), Form({"filter": "id eq {segment}"})],
    "CustomerAccount.getAccountAuditLog": [Form()],
    "CustomerAccount.getAccountAttributes": [Form()],
    "CustomerAccount.getAccountAttribute": [Form()],
    "CustomerAccount.addAccountAttribute": [Form(body=_VALUES)],
    "CustomerAccount.updateAccountAttribute": [Form(body={"values": ["blue"]})],
    "CustomerAccount.deleteAccountAttribute": [Form()],
    "CustomerSegment.getSegments": [Form(), Form({"filter": "id eq {segment}"})],
    "CustomerSegment.getSegment": [Form()],
    "CustomerSegment.addSegment": [Form(body={"code": "{new_code}", "name": "Tea drinkers"})],
    "CustomerSegment.updateSegment": [Form(body={"code": "{new_code}", "name": "Tea drinkers"})],
    "CustomerSegment.deleteSegment": [Form()],
    "CustomerSegment.getSegmentRule": [Form()],
    "CustomerSegment.setSegmentRule": [Form(body={"filter": "isActive eq true or segments.id eq {segment}"})],
    "CustomerSegment.removeSegmentRule": [Form()],
    "CustomerSegment.previewSegmentRule": [
        Form(body={"filter": "createDate ge 30 days ago and segments.id eq {segment}"}),
        Form(body={"tree": {"not": {"field": "id", "op": "eq", "value": "{account}"}}, "sampleSize": 5}),
    ],
    "CustomerSegment.explainSegmentAccount": [Form()],
    "CustomerSegment.getSegmentAccounts": [Form(), Form({"filter": "accountId eq {account}"})],
    "CustomerSegment.addSegmentAccounts": [Form(body=["{guest}"])],
    "CustomerSegment.removeSegmentAccount": [Form()],
    "CustomerVisit.getVisits": [
        Form(),
        Form({"filter": "accountId eq {account}"}),
        Form({"cursor": "{visit_cursor}", "pageSize": 1}),
    ],
    "CustomerVisit.getVisit": [Form()],
    "CustomerVisit.addVisit": [
        Form(body=_VISIT),
        Form(body={**_VISIT, "transactions": [_TRANSACTION]}),
        Form(body={"webSiteId": "{site}"}),
    ],
    "CustomerVisit.addVisits": [Form(body=[_VISIT, {"type": "Store", "id": "{new_code}"}])],
    "CustomerVisit.getVisitAnalytics": [Form(), Form({"by": "site,segment", "filter": "accountId eq {account}"})],
    "CustomerVisit.updateVisit": [Form(body=_VISIT)],
    "AddressValidation.validateAddress": [Form(body={"address": {**_ADDRESS, "postalOrZipCode": "78701"}})],
    "CustomerSet.getCustomerSets": [Form()],
    "CustomerSet.getCustomerSet": [Form()],
    "StorefrontAuthTicket.createUserAuthTicket": [
        Form(body={"username": "{email}", "password": PASSWORD}),
        Form(body={"username": "{email}", "password": PASSWORD, "accountId": "{account}"}),
    ],
    "StorefrontAuthTicket.createAnonymousShopperAuthTicket": [Form()],
    "StorefrontAuthTicket.refreshUserAuthTicket": [
        Form({"refreshToken": "{refresh}"}),
        Form({"refreshToken": "{refresh}", "accountId": "{account}"}),
    ],
    "StorefrontAuthTicket.impersonateCart": [
        Form(body={"cartId": "cart-1", "accountId": "{account}"}),
        Form(body={"cartId": "cart-1", "accountId": "{account}", "userId": "{user}"}),
        Form(body={"cartId": "cart-1", "userId": "{user}"}),
    ],
    "Credit.getCredits": [Form(), Form({"filter": "customerId eq {account}"}), Form({"filter": "code eq '{credit}'"})],
    "Credit.getCredit": [Form()],
    "Credit.addCredit": [Form(body=_CREDIT), Form({"userId": "{user}"}, _CREDIT)],
    "Credit.updateCredit": [Form(body={"customerId": "{account}", "expirationDate": "2090-01-01T00:00:00Z"})],
    "Credit.deleteCredit": [Form()],
    "Credit.associateCreditToShopper": [Form()],
    "Credit.resendCreditCreatedEmail": [Form(), Form({"userId": "{user}"})],
    "Credit.getTransactions": [Form()],
    "Credit.addTransaction": [Form(body={"transactionType": "Debit", "impactAmount": 0.5, "orderId": "order-7"})],
    "Credit.getAuditEntries": [Form()],
    "Credit.getPayments": [Form(), Form({"filter": "customerId eq {account} or id eq {payment}"})],
    "Credit.getPayment": [Form()],
    "Credit.addPayment": [
        Form(body={**_PAYMENT, "customerId": "{account}"}),
        Form(body={**_PAYMENT, "code": "{credit}", "isHold": True}),
    ],
    "Credit.capturePayment": [Form(body={"amount": 0.5})],
    "Credit.voidPayment": [Form()],
    "Credit.refundPayment": [Form(body={"amount": 0.25})],
    "StorefrontAuthTicket.generateAndSend2faOtp": [Form()],
    "StorefrontAuthTicket.validate2FAAndCreateAuthTicket": [Form(body={"userId": "{user}", "otpCode": "123456"})],
    "StorefrontAuthTicket.generateAndSendOtp": [Form(body={"email": "{email}"})],
    "StorefrontAuthTicket.validateOtpAndCreateAuthTicket": [Form(body={"email": "{email}", "otpCode": "123456"})],
    "Platform.oauth": [Form(body={"client_id": "{client}", "client_secret": "wrong"})],
    "Platform.createAuthTicket": [Form(body={"applicationId": "{client}", "sharedSecret": "wrong"})],
    "Platform.refreshAuthTicket": [Form(body={"refreshToken": "wrong"})],
    "Platform.deleteAuthTicket": [Form()],
    "Platform.getTenant": [Form()],
    **{
        f"{group}.{name}": [Form(body=body)]
        for group in (
            "CustomerAttributeDefinition",
            "CustomerAccountAttributeDefinitions",
            "OrderAttributeDefinitions",
        )
        for name, body in (
            ("getAttributes", None),
            ("createAttribute", _DEFINITION),
            ("getAttribute", None),
            ("updateAttribute", _DEFINITION),
            ("getAttributeVocabularyValues", None),
        )
    },
}

FORMS |= {f"ProductAttributes.{name}": [Form(body=body)] for name, body in PRODUCT_BODIES.items()}

EVERY = [(operation, form) for operation in OPERATIONS for form in FORMS.get(operation.key, [Form()])]
NAMES = [f"{operation.id}-{number}" for number, (operation, _form) in enumerate(EVERY)]


def thing(group: str, parameter: str) -> str:
    """What stands in the paths of a group for a parameter."""
    return _IN_GROUP.get((group, parameter)) or PATH[parameter]


def slots(operation: Operation, form: Form) -> list[str]:
    """The ids that a request names, but for those that are made up for it (`new_…`) or to be left alone (`same_…`)."""
    in_path = [thing(operation.group, name) for name in _NAMED.findall(operation.path)]
    in_form = _NAMED.findall(repr(form.query) + repr(form.body))
    return [name for name in dict.fromkeys([*in_path, *in_form]) if not name.startswith(("new_", "same_"))]


def filled(form: Any, things: Things) -> Any:
    """A form with the ids of these things."""
    if isinstance(form, dict):
        return {name: filled(one, things) for name, one in form.items()}
    if isinstance(form, list):
        return [filled(one, things) for one in form]
    if not isinstance(form, str):
        return form
    if alone := _NAMED.fullmatch(form):
        return things[alone[1]]
    return _NAMED.sub(lambda found: str(things[found[1]]), form)


def request(operation: Operation, form: Form, things: Things) -> dict[str, Any]:
    """What to give `Shop.call`."""
    path = "/api" + _NAMED.sub(lambda found: str(things[thing(operation.group, found[1])]), operation.path)
    fresh = {**things, **made_up(things)}
    asked = {"method": operation.method, "path": path, "params": filled(form.query, fresh)}
    return asked | ({} if form.body is None else {"json": filled(form.body, fresh)})


def made_up(things: Things) -> dict[str, Any]:
    """What a form says of things that are not there yet, and of those that are to stay."""
    return {
        "new_email": f"{random_token(6)}@example.com",
        "new_code": f"code{random_token(4)}",
        "new_locale": f"fr-x-{random_token(4)}",
        "same_word": things["word"],
        "same_locale": things["locale"],
    }


async def stock(shop: Shop) -> dict[str, Any]:
    """One of everything in a shop. Ids are large, so that none is also a page size or the like."""
    db = shop.database.session()
    for table in ("contact", "note", "segment", "credit_payment", "second_factor"):
        counter = f"pg_get_serial_sequence('{table}', 'id')"
        await db.value(f"select setval({counter}, 700000 + nextval({counter}))")
    ticket = await shop.shopper(firstName="Owner", lastName=f"Of {shop.tenant_id}")
    account_id = ticket["customerAccount"]["id"]
    guest = await shop.account()
    contact = await shop.contact(account_id, lastNameOrSurname=f"Of {shop.tenant_id}")
    one = f"{ACCOUNTS}/{account_id}"
    note = await shop.post(f"{one}/notes", {"content": f"Secret of {shop.tenant_id}"})
    card = await shop.post(f"{one}/cards", {"id": f"card-{shop.tenant_id}", "cardNumberPart": "****1111"})
    transaction = await shop.post(f"{one}/transactions", {**_TRANSACTION, "transactionId": f"order-{shop.tenant_id}"})
    visit = await shop.post(_VISITS, {"accountId": account_id, "type": "Store", "locationCode": f"Of {shop.tenant_id}"})
    await shop.post(_VISITS, {})
    factor = await shop.post(f"{one}/secondfactors", {"name": f"Phone of {shop.tenant_id}"})
    assert {answer.status_code for answer in (note, card, transaction, visit, factor)} == {201}
    oauth = await shop.post(
        "/api/platform/applications/authtickets/oauth",
        {"client_id": shop.client_id, "client_secret": shop.client_secret},
    )
    return {
        "account": account_id,
        "guest": guest["id"],
        "contact": contact["id"],
        "note": note.json()["id"],
        "factor": factor.json()["id"],
        "segment": await _segment(shop, account_id),
        "ruled": await _ruled(shop),
        "tenant": shop.tenant_id,
        "card": card.json()["id"],
        "transaction": transaction.json()["transactionId"],
        "visit": visit.json()["id"],
        "visit_cursor": (await shop.get(_VISITS, params={"pageSize": 1})).json()["nextCursor"],
        "site": shop.site_id,
        "attribute": await _attribute(shop, account_id),
        "word": f"word-{shop.tenant_id}",
        "locale": f"de-x-{shop.tenant_id}",
        "customer_set": await _customer_set(shop),
        "email": ticket["customerAccount"]["emailAddress"],
        "user": ticket["userId"],
        "refresh": ticket["refreshToken"],
        "reset": "0" * 64,
        "application_refresh": oauth.json()["refresh_token"],
        "client": shop.client_id,
        "cursor": (await shop.get(ACCOUNTS, params={"pageSize": 1})).json()["nextCursor"],
        "ticket": ticket["accessToken"],
        **await _credit(shop, account_id),
    }


async def _credit(shop: Shop, account_id: int) -> dict[str, Any]:
    """A credit of the account, of which a part is on hold and a part was spent, and one that nobody has."""
    body = {"code": f"card-of-{shop.tenant_id}", "initialBalance": 100_000, "customerId": account_id}
    unused = await shop.post(CREDITS, {"code": f"unused-of-{shop.tenant_id}", "initialBalance": 5})
    credit = await shop.post(CREDITS, body)
    held = await shop.post(f"{CREDITS}/payments", {**_PAYMENT, "code": body["code"], "amount": 40, "isHold": True})
    captured = await shop.post(f"{CREDITS}/payments/{held.json()['id']}/capture", {"amount": 20})
    assert [one.status_code for one in (credit, unused, held, captured)] == [201, 201, 201, 200]
    return {"credit": body["code"], "unused_credit": unused.json()["code"], "payment": held.json()["id"]}


async def _segment(shop: Shop, account_id: int) -> int:
    path = "/api/commerce/customer/segments"
    made = await shop.post(path, {"code": f"segment-{shop.tenant_id}", "name": f"Of {shop.tenant_id}"})
    segment_id = int(made.json()["id"])
    assert (await shop.post(f"{path}/{segment_id}/accounts", [account_id])).status_code == 201
    return segment_id


async def _ruled(shop: Shop) -> int:
    body = {"name": f"Ruled of {shop.tenant_id}", "rule": {"filter": "createDate ge 30 days ago"}}
    made = await shop.post("/api/commerce/customer/segments", body)
    return int(made.json()["id"])


async def _customer_set(shop: Shop) -> str:
    code = f"set-{shop.tenant_id}"
    await tenants.create_customer_set(shop.database.session(), shop.tenant_id, code=code, name=code, now=clock())
    return code


async def _attribute(shop: Shop, account_id: int) -> str:
    """An attribute that accounts, orders and products have under the same name, with a value on the account."""
    code = f"attribute{shop.tenant_id}"
    definition = {**_DEFINITION, "attributeCode": code}
    await shop.post("/api/commerce/orders/attributedefinition/attributes", definition)
    await shop.post(PRODUCT_ATTRIBUTES, labelled(code, shop.tenant_id))
    made = await shop.post("/api/commerce/customer/attributedefinition/attributes", definition)
    if made.status_code == 201:
        value = {"fullyQualifiedName": made.json()["attributeFQN"], "values": ["red"]}
        await shop.post(f"{ACCOUNTS}/{account_id}/attributes", value)
    return f"tenant~{code}"
