"""Contacts of an account, in this dialect (Kibo behaviour 7)."""

from typing import Any

from patron.contacts import actions, queries
from patron.contacts.model import Contact, Details
from patron.customers import actions as customers
from patron.customers import addresses
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, USER_ID, ask
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Wire, audit
from patron.tenants import queries as tenants
from patron.web.operations import Answer, Call, Operation


class CommerceRuntimePhone(Wire):
    """Phone numbers, as free text."""

    home: str | None = None
    mobile: str | None = None
    work: str | None = None


class CommerceRuntimeAddress(Wire):
    """A place."""

    address1: str | None = None
    address2: str | None = None
    address3: str | None = None
    address4: str | None = None
    address_type: str | None = None
    city_or_town: str | None = None
    country_code: str | None = None
    is_validated: bool | None = None
    postal_or_zip_code: str | None = None
    state_or_province: str | None = None


class ContactType(Wire):
    """What a contact serves for: Billing or Shipping."""

    is_primary: bool = False
    name: str | None = None


class CustomerContact(Wire):
    """A contact with its address."""

    account_id: Given[Int32] = None
    address: Given[CommerceRuntimeAddress] = None
    audit_info: Given[AdminUserAuditInfo] = None
    company_or_organization: str | None = None
    email: str | None = None
    fax_number: str | None = None
    first_name: str | None = None
    id: Int32 | None = None
    label: str | None = None
    last_name_or_surname: str | None = None
    middle_name_or_initial: str | None = None
    phone_numbers: Given[CommerceRuntimePhone] = None
    types: list[ContactType] | None = None


class CustomerContactCollection(Paged):
    """A page of contacts."""

    items: list[CustomerContact] | None = None


NAMES = {
    "id": "id",
    "email": "email",
    "firstname": "first_name",
    "middlenameorinitial": "middle_name",
    "lastnameorsurname": "last_name",
    "companyororganization": "company",
    "label": "label",
    "faxnumber": "fax",
    "phonenumbers.home": "phone_home",
    "phonenumbers.mobile": "phone_mobile",
    "phonenumbers.work": "phone_work",
    "address.address1": "line_1",
    "address.address2": "line_2",
    "address.address3": "line_3",
    "address.address4": "line_4",
    "address.cityortown": "city",
    "address.stateorprovince": "state",
    "address.postalorzipcode": "postal_code",
    "address.countrycode": "country",
    "address.addresstype": "kind",
    "address.isvalidated": "is_validated",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


def shown(contact: Contact) -> CustomerContact:
    """A contact as this dialect shows it."""
    types = []
    if contact.is_billing:
        types.append(ContactType(name="Billing", is_primary=contact.is_primary_billing))
    if contact.is_shipping:
        types.append(ContactType(name="Shipping", is_primary=contact.is_primary_shipping))
    return CustomerContact(
        account_id=contact.account_id,
        address=CommerceRuntimeAddress(
            address1=contact.line_1,
            address2=contact.line_2,
            address3=contact.line_3,
            address4=contact.line_4,
            address_type=contact.kind,
            city_or_town=contact.city,
            country_code=contact.country,
            is_validated=contact.is_validated,
            postal_or_zip_code=contact.postal_code,
            state_or_province=contact.state,
        ),
        audit_info=audit(contact),
        company_or_organization=contact.company,
        email=contact.email,
        fax_number=contact.fax,
        first_name=contact.first_name,
        id=contact.id,
        label=contact.label,
        last_name_or_surname=contact.last_name,
        middle_name_or_initial=contact.middle_name,
        phone_numbers=CommerceRuntimePhone(
            home=contact.phone_home, mobile=contact.phone_mobile, work=contact.phone_work
        ),
        types=types,
    )


def read(body: CustomerContact) -> Details:
    """What a caller wrote. Raises Invalid for a type that is neither Billing nor Shipping."""
    given = body.types or []
    kinds = {(one.name or "").strip().lower(): one.is_primary for one in given}
    if kinds.keys() - {"billing", "shipping"}:
        raise Invalid.field("types", "are Billing and Shipping")
    address = body.address or CommerceRuntimeAddress()
    phones = body.phone_numbers or CommerceRuntimePhone()
    return Details(
        email=body.email,
        first_name=body.first_name,
        middle_name=body.middle_name_or_initial,
        last_name=body.last_name_or_surname,
        company=body.company_or_organization,
        label=body.label,
        fax=body.fax_number,
        phone_home=phones.home,
        phone_mobile=phones.mobile,
        phone_work=phones.work,
        is_billing="billing" in kinds,
        is_shipping="shipping" in kinds,
        is_primary_billing=kinds.get("billing", False),
        is_primary_shipping=kinds.get("shipping", False),
        line_1=address.address1,
        line_2=address.address2,
        line_3=address.address3,
        line_4=address.address4,
        city=address.city_or_town,
        state=address.state_or_province,
        postal_code=address.postal_or_zip_code,
        country=address.country_code,
        kind=address.address_type,
        is_validated=address.is_validated,
    )


async def list_contacts(ctx: Ctx, call: Call) -> Any:
    """The address book."""
    page = await queries.list_of(ctx, call.account_id, wanted := ask(call, NAMES, queries.FIELDS))
    return collection(CustomerContactCollection, wanted, page, shown)


async def get_contact(ctx: Ctx, call: Call) -> Any:
    """One contact."""
    contact = await queries.get(ctx, call.account_id, call.id("contactId", "contact"))
    return Answer(shown(contact), version=contact.version)


async def judge_contact(ctx: Ctx, call: Call) -> Details:
    """Before the transaction: is the address right, as far as the tenant asks?"""
    policy = await tenants.policy(ctx)
    return (await addresses.judged(ctx, policy.addresses, [read(call.body)], [""]))[0]


async def judge_contacts(ctx: Ctx, call: Call) -> list[Details]:
    """The same for many."""
    policy, given = await tenants.policy(ctx), [read(one) for one in call.body]
    return await addresses.judged(ctx, policy.addresses, given, [f"[{n}]." for n in range(len(given))])


async def add_contact(ctx: Ctx, call: Call) -> Any:
    """Add one. A client's id is ignored."""
    contact = await actions.add(ctx, call.account_id, call.prepared)
    return Answer(shown(contact), version=contact.version)


async def put_contacts(ctx: Ctx, call: Call) -> Any:
    """Add many; one whose id the account knows is changed instead. Answers those, in their order."""
    given = [(one.id, details) for one, details in zip(call.body, call.prepared, strict=True)]
    contacts = await actions.put(ctx, call.account_id, given)
    return CustomerContactCollection(
        page_size=len(contacts),
        page_count=1 if contacts else 0,
        total_count=len(contacts),
        items=[shown(one) for one in contacts],
    )


async def update_contact(ctx: Ctx, call: Call) -> Any:
    """Replace one."""
    contact_id = call.id("contactId", "contact")
    contact = await actions.update(ctx, call.account_id, contact_id, call.prepared, expect=call.expect)
    return Answer(shown(contact), version=contact.version)


async def delete_contact(ctx: Ctx, call: Call) -> Any:
    """Remove one, and the cards that point at it."""
    await customers.delete_contact(ctx, call.account_id, call.id("contactId", "contact"), expect=call.expect)


_PATH = "/commerce/customer/accounts/{accountId}/contacts"
_ONE = f"{_PATH}/{{contactId}}"
_READ: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:read", "shopper": "own"}
_WRITE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "shopper": "own", "changes": True}

OPERATIONS = (
    Operation(
        id="getAccountContacts", method="GET", path=_PATH, handler=list_contacts,
        query=(*LIST, USER_ID), answer=CustomerContactCollection, summary="List an account's contacts", **_READ,
    ),
    Operation(
        id="getAccountContact", method="GET", path=_ONE, handler=get_contact, query=(USER_ID, RESPONSE_FIELDS),
        answer=CustomerContact, versioned=True, summary="Read a contact", **_READ,
    ),
    Operation(
        id="addAccountContact", method="POST", path=_PATH, handler=add_contact, before=judge_contact,
        query=(RESPONSE_FIELDS,), body=CustomerContact, answer=CustomerContact, status=201, replays="yes",
        versioned=True, summary="Add a contact", **_WRITE,
    ),
    Operation(
        id="addAccountContactList", method="PUT", path=_PATH, handler=put_contacts, before=judge_contacts,
        query=(RESPONSE_FIELDS,),
        body=list[CustomerContact], answer=CustomerContactCollection, summary="Add or change many contacts", **_WRITE,
    ),
    Operation(
        id="updateAccountContact", method="PUT", path=_ONE, handler=update_contact, before=judge_contact,
        query=(USER_ID, RESPONSE_FIELDS),
        body=CustomerContact, answer=CustomerContact, versioned=True, summary="Replace a contact", **_WRITE,
    ),
    Operation(
        id="deleteAccountContact", method="DELETE", path=_ONE, handler=delete_contact, status=204,
        versioned=True, summary="Remove a contact", **_WRITE,
    ),
)  # fmt: skip
