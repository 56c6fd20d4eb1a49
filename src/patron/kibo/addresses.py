"""Address validation, in this dialect (Kibo behaviour 7)."""

from typing import Any

from patron.addresses import validation
from patron.addresses.model import Candidate, Place
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kibo.contacts import CommerceRuntimeAddress
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.wire import Given, Wire
from patron.tenants import queries as tenants
from patron.web.operations import Call, Operation


class AddressValidationRequest(Wire):
    """The address to check."""

    address: Given[CommerceRuntimeAddress] = None


class AddressValidationResponse(Wire):
    """What may have been meant."""

    address_candidates: list[CommerceRuntimeAddress] | None = None


def _read(body: CommerceRuntimeAddress) -> Place:
    return Place(
        line_1=body.address1,
        line_2=body.address2,
        line_3=body.address3,
        line_4=body.address4,
        city=body.city_or_town,
        state=body.state_or_province,
        postal_code=body.postal_or_zip_code,
        country=body.country_code,
        kind=body.address_type,
    )


def _shown(one: Candidate) -> CommerceRuntimeAddress:
    return CommerceRuntimeAddress(
        address1=one.line_1,
        address2=one.line_2,
        address3=one.line_3,
        address4=one.line_4,
        address_type=one.kind,
        city_or_town=one.city,
        country_code=one.country,
        is_validated=one.is_validated,
        postal_or_zip_code=one.postal_code,
        state_or_province=one.state,
    )


async def validate_address(ctx: Ctx, call: Call) -> Any:
    """Candidates for an address; one that is wrong gets a fault for each of its fields."""
    if call.body.address is None:
        raise Invalid.field("address", "is needed", "missing")
    policy = await tenants.policy(ctx)
    outcome = await validation.check(ctx, policy.addresses, _read(call.body.address))
    if outcome.problems:
        raise Invalid(*outcome.problems)
    return AddressValidationResponse(address_candidates=[_shown(one) for one in outcome.candidates])


OPERATIONS = (
    Operation(
        "AddressValidation", "validateAddress", "POST", "/commerce/customer/addressvalidation", validate_address,
        scope="customer:read", shopper="open", query=(RESPONSE_FIELDS,), body=AddressValidationRequest,
        answer=AddressValidationResponse, summary="Check an address",
    ),
)  # fmt: skip
