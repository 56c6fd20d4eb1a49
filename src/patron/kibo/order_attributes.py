"""Definitions of orders' custom attributes, in this dialect (Kibo behaviour 9.1, 9.3). Their values sit on orders."""

from typing import Any

import msgspec

from patron.attributes import definitions, queries
from patron.attributes.model import ORDERS, Definition, Details, Entity, Inheritance
from patron.kernel.context import Ctx
from patron.kibo.collections import collection
from patron.kibo.definitions import (
    NAMES,
    AttributeDefinition,
    CommerceRuntimeAttributeVocabularyValue,
    shared,
    shown_word,
)
from patron.kibo.definitions import read as read_shared
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, RESPONSE_GROUPS, ask
from patron.kibo.wire import Given, Int32, Paged, Wire, time
from patron.web.operations import Answer, Call, Operation

_GROUP = "OrderAttributeDefinitions"
_NAMES = {**NAMES, "availableinrules": "for_rules"}


class CoreApiContractsAuditInfo(Wire):
    """Who made and who last changed a definition, and when."""

    create_by: str | None = None
    create_date: str | None = None
    update_by: str | None = None
    update_date: str | None = None


class CoreAuditInfo(CoreApiContractsAuditInfo):
    """The same for an entry of a definition, which is written with it."""


class AttributeEntityConfig(Wire):
    """A kind of thing that has the attribute, and whether it may be changed there."""

    audit_info: Given[CoreAuditInfo] = None
    editable: Given[bool] = None
    entity_type: str | None = None
    id: Int32 | None = None


class AttributeInheritanceRule(Wire):
    """Which kind of thing takes the values over from which, and how."""

    audit_info: Given[CoreAuditInfo] = None
    id: Int32 | None = None
    inheritance_mode: str | None = None
    source_entity_type: str | None = None
    target_entity_type: str | None = None


class CommerceRuntimeAttribute(AttributeDefinition):
    """The definition of an order's attribute. It needs `attributeCode`, `displayGroup` and `valueType`."""

    audit_info: Given[CoreApiContractsAuditInfo] = None
    available_in_rules: Given[bool] = None
    entity_configs: list[AttributeEntityConfig] | None = None
    inheritance_rules: list[AttributeInheritanceRule] | None = None


class OrderAttributeDefinitionCollection(Paged):
    """A page of definitions."""

    items: list[CommerceRuntimeAttribute] | None = None


def shown(definition: Definition) -> CommerceRuntimeAttribute:
    """The definition of an order's attribute as this dialect shows it."""
    stamps: dict[str, Any] = {
        "create_by": definition.created_by,
        "create_date": time(definition.created_at),
        "update_by": definition.updated_by,
        "update_date": time(definition.updated_at),
    }
    return CommerceRuntimeAttribute(
        **shared(definition),
        audit_info=CoreApiContractsAuditInfo(**stamps),
        available_in_rules=definition.for_rules,
        entity_configs=[
            AttributeEntityConfig(
                id=one.id, entity_type=one.kind, editable=one.is_editable, audit_info=CoreAuditInfo(**stamps)
            )
            for one in definition.entities
        ],
        inheritance_rules=[
            AttributeInheritanceRule(
                id=one.id,
                source_entity_type=one.source,
                target_entity_type=one.target,
                inheritance_mode=one.mode,
                audit_info=CoreAuditInfo(**stamps),
            )
            for one in definition.inheritance
        ],
    )


def read(ctx: Ctx, body: CommerceRuntimeAttribute) -> Details:
    """What a caller wrote; the ids of entries are the server's, like all that `auditInfo` says."""
    return msgspec.structs.replace(
        read_shared(ctx, body),
        for_rules=body.available_in_rules,
        entities=[
            Entity(kind=one.entity_type or "", is_editable=bool(one.editable)) for one in body.entity_configs or ()
        ],
        inheritance=[
            Inheritance(
                source=one.source_entity_type or "", target=one.target_entity_type or "", mode=one.inheritance_mode
            )
            for one in body.inheritance_rules or ()
        ],
    )


async def list_definitions(ctx: Ctx, call: Call) -> Any:
    """The definitions by their order. Shoppers do not see the staff's group."""
    wanted = ask(call, _NAMES, queries.DEFINITION_FIELDS)
    page = await queries.definitions(ctx, ORDERS, wanted)
    return collection(OrderAttributeDefinitionCollection, wanted, page, shown)


async def get_definition(ctx: Ctx, call: Call) -> Any:
    """One definition by its full name, in any case."""
    found = await queries.definition(ctx, ORDERS, call.path["attributeFQN"])
    return Answer(shown(found), version=found.version)


async def get_vocabulary(ctx: Ctx, call: Call) -> Any:
    """The values to choose from, in their order."""
    found = await queries.definition(ctx, ORDERS, call.path["attributeFQN"])
    return [shown_word(one) for one in found.vocabulary]


async def create_definition(ctx: Ctx, call: Call) -> Any:
    """Define an attribute."""
    made = await definitions.create(ctx, ORDERS, read(ctx, call.body))
    return Answer(shown(made), version=made.version)


async def update_definition(ctx: Ctx, call: Call) -> Any:
    """Replace a definition. Its code, namespace and types stay (Kibo behaviour 9.1)."""
    name = call.path["attributeFQN"]
    made = await definitions.update(ctx, ORDERS, name, read(ctx, call.body), expect=call.expect)
    return Answer(shown(made), version=made.version)


_PATH = "/commerce/orders/attributedefinition/attributes"
_ONE = f"{_PATH}/{{attributeFQN}}"
_READING: dict[str, Any] = {"group": _GROUP, "scope": "order-attribute:read", "shopper": "open"}
_WRITING: dict[str, Any] = {"group": _GROUP, "scope": "order-attribute:update", "changes": True, "versioned": True}

OPERATIONS = (
    Operation(
        id="getAttributes", method="GET", path=_PATH, handler=list_definitions, query=(*LIST, RESPONSE_GROUPS),
        answer=OrderAttributeDefinitionCollection, summary="List the attributes of orders", **_READING,
    ),
    Operation(
        id="getAttribute", method="GET", path=_ONE, handler=get_definition, query=(RESPONSE_GROUPS, RESPONSE_FIELDS),
        answer=CommerceRuntimeAttribute, versioned=True, summary="Read a definition", **_READING,
    ),
    Operation(
        id="getAttributeVocabularyValues", method="GET", path=f"{_ONE}/VocabularyValues", handler=get_vocabulary,
        query=(RESPONSE_GROUPS, RESPONSE_FIELDS), answer=list[CommerceRuntimeAttributeVocabularyValue],
        summary="List the values to choose from", **_READING,
    ),
    Operation(
        id="createAttribute", method="POST", path=_PATH, handler=create_definition, query=(RESPONSE_FIELDS,),
        body=CommerceRuntimeAttribute, answer=CommerceRuntimeAttribute, status=201, replays="yes",
        summary="Define an attribute of orders", **_WRITING,
    ),
    Operation(
        id="updateAttribute", method="PUT", path=_ONE, handler=update_definition, query=(RESPONSE_FIELDS,),
        body=CommerceRuntimeAttribute, answer=CommerceRuntimeAttribute, summary="Replace a definition", **_WRITING,
    ),
)  # fmt: skip
