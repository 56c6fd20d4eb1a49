"""Definitions of custom attributes, in this dialect: of B2C and of B2B accounts alike (Kibo behaviour 9.1)."""

from decimal import Decimal
from typing import Any

import msgspec

from patron.attributes import definitions, queries
from patron.attributes.model import Definition, Details, Label, Word
from patron.kernel.context import Ctx
from patron.kernel.definitions import Metadata, Validation
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, RESPONSE_GROUPS, ask
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Time, Wire, audit, read_time, time
from patron.web.operations import Answer, Call, Operation


class CommerceRuntimeAttributeLocalizedContent(Wire):
    """What people read instead of the code."""

    locale_code: str | None = None
    value: str | None = None


class CommerceRuntimeAttributeMetadataItem(Wire):
    """A note of programs."""

    key: Given[str] = None
    value: Given[str] = None


class CommerceRuntimeAttributeValidation(Wire):
    """Bounds of a value."""

    max_date_time: Time | None = None
    max_numeric_value: Decimal | None = None
    max_string_length: Int32 | None = None
    min_date_time: Time | None = None
    min_numeric_value: Decimal | None = None
    min_string_length: Int32 | None = None
    regular_expression: str | None = None


class AttributeValueLocalizedContent(Wire):
    """What people read instead of the value."""

    locale_code: Given[str] = None
    value: Given[str] = None


class CommerceRuntimeAttributeVocabularyValue(Wire):
    """A value to choose from."""

    content: Given[AttributeValueLocalizedContent] = None
    is_hidden: bool | None = None
    sequence: Int32 | None = None
    value: Given[str] = None


class AttributeDefinition(Wire):
    """What the definitions of accounts' and orders' attributes share."""

    admin_name: str | None = None
    attribute_code: Given[str] = None
    attribute_fqn: str | None = msgspec.field(name="attributeFQN", default=None)
    attribute_metadata: list[CommerceRuntimeAttributeMetadataItem] | None = None
    available_for_discounts: Given[bool] = None
    available_for_order_routing: Given[bool] = None
    content: Given[CommerceRuntimeAttributeLocalizedContent] = None
    data_type: str | None = None
    display_group: Given[str] = None
    id: Int32 | None = None
    input_type: str | None = None
    is_active: bool | None = None
    is_multi_valued: bool | None = None
    is_read_only: Given[bool] = None
    is_required: bool | None = None
    is_visible: bool | None = None
    namespace: str | None = None
    order: Int32 | None = None
    validation: Given[CommerceRuntimeAttributeValidation] = None
    value_type: Given[str] = None
    vocabulary_values: list[CommerceRuntimeAttributeVocabularyValue] | None = None


class CustomerAttribute2(AttributeDefinition):
    """A definition. It needs `attributeCode`, `displayGroup` and `valueType`."""

    audit_info: Given[AdminUserAuditInfo] = None


class CommerceRuntimeAttributeCollection(Paged):
    """A page of definitions."""

    items: list[CustomerAttribute2] | None = None


# Whose definitions a group of operations is about.
_FAMILIES = {"CustomerAttributeDefinition": "customer", "CustomerAccountAttributeDefinitions": "account"}

NAMES = {
    "id": "id",
    "attributesequence": "id",
    "attributefqn": "fqn",
    "attributecode": "code",
    "namespace": "namespace",
    "adminname": "admin_name",
    "datatype": "data_type",
    "inputtype": "input_type",
    "valuetype": "value_type",
    "displaygroup": "display_group",
    "isactive": "is_active",
    "isrequired": "is_required",
    "isreadonly": "is_read_only",
    "ismultivalued": "is_multi_valued",
    "isvisible": "is_visible",
    "availablefordiscounts": "for_discounts",
    "availablefororderrouting": "for_order_routing",
    "order": "position",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


def shown_word(word: Word) -> CommerceRuntimeAttributeVocabularyValue:
    """A value of a vocabulary as this dialect shows it."""
    return CommerceRuntimeAttributeVocabularyValue(
        content=AttributeValueLocalizedContent(locale_code=word.label.locale, value=word.label.text),
        is_hidden=word.is_hidden,
        sequence=word.position,
        value=word.value,
    )


def shown(definition: Definition) -> CustomerAttribute2:
    """The definition of an account's attribute as this dialect shows it."""
    return CustomerAttribute2(audit_info=audit(definition), **shared(definition))


def shared(definition: Definition) -> dict[str, Any]:
    """The fields that all definitions have, as this dialect shows them."""
    rules = definition.validation
    return {
        "admin_name": definition.admin_name,
        "attribute_code": definition.code,
        "attribute_fqn": definition.fqn,
        "attribute_metadata": [
            CommerceRuntimeAttributeMetadataItem(key=one.key, value=one.value) for one in definition.metadata
        ],
        "available_for_discounts": definition.for_discounts,
        "available_for_order_routing": definition.for_order_routing,
        "content": CommerceRuntimeAttributeLocalizedContent(
            locale_code=definition.content.locale, value=definition.content.text
        ),
        "data_type": definition.data_type,
        "display_group": definition.display_group,
        "id": definition.id,
        "input_type": definition.input_type,
        "is_active": definition.is_active,
        "is_multi_valued": definition.is_multi_valued,
        "is_read_only": definition.is_read_only,
        "is_required": definition.is_required,
        "is_visible": definition.is_visible,
        "namespace": definition.namespace,
        "order": definition.position,
        "validation": CommerceRuntimeAttributeValidation(
            max_date_time=time(rules.time_max),
            max_numeric_value=rules.number_max,
            max_string_length=rules.length_max,
            min_date_time=time(rules.time_min),
            min_numeric_value=rules.number_min,
            min_string_length=rules.length_min,
            regular_expression=rules.pattern,
        ),
        "value_type": definition.value_type,
        "vocabulary_values": [shown_word(one) for one in definition.vocabulary],
    }


def _read_word(ctx: Ctx, body: CommerceRuntimeAttributeVocabularyValue) -> Word:
    """A value without content reads as itself, in the site's language."""
    value = body.value or ""
    if body.content is None:
        label = Label(ctx.site.locale if ctx.site else "en-US", value)
    else:
        label = Label(body.content.locale_code, body.content.value)
    return Word(value=value, label=label, position=body.sequence, is_hidden=bool(body.is_hidden))


def read(ctx: Ctx, body: AttributeDefinition) -> Details:
    """What a caller wrote; `id`, `attributeFQN` and `auditInfo` are the server's."""
    content = body.content or CommerceRuntimeAttributeLocalizedContent()
    rules = body.validation or CommerceRuntimeAttributeValidation()
    return Details(
        code=body.attribute_code,
        namespace=body.namespace,
        admin_name=body.admin_name,
        data_type=body.data_type,
        input_type=body.input_type,
        value_type=body.value_type,
        display_group=body.display_group,
        is_active=body.is_active,
        is_required=body.is_required,
        is_read_only=body.is_read_only,
        is_multi_valued=body.is_multi_valued,
        is_visible=body.is_visible,
        for_discounts=body.available_for_discounts,
        for_order_routing=body.available_for_order_routing,
        position=body.order,
        content=Label(content.locale_code, content.value),
        validation=Validation(
            length_min=rules.min_string_length,
            length_max=rules.max_string_length,
            number_min=rules.min_numeric_value,
            number_max=rules.max_numeric_value,
            time_min=read_time("validation.minDateTime", rules.min_date_time),
            time_max=read_time("validation.maxDateTime", rules.max_date_time),
            pattern=rules.regular_expression,
        ),
        vocabulary=[_read_word(ctx, one) for one in body.vocabulary_values or ()],
        metadata=[Metadata(one.key or "", one.value or "") for one in body.attribute_metadata or ()],
    )


async def list_definitions(ctx: Ctx, call: Call) -> Any:
    """The definitions of a family, by their order. Shoppers do not see the staff's group."""
    wanted = ask(call, NAMES, queries.DEFINITION_FIELDS)
    page = await queries.definitions(ctx, _FAMILIES[call.operation.group], wanted)
    return collection(CommerceRuntimeAttributeCollection, wanted, page, shown)


async def get_definition(ctx: Ctx, call: Call) -> Any:
    """One definition by its full name, in any case."""
    found = await queries.definition(ctx, _FAMILIES[call.operation.group], call.path["attributeFQN"])
    return Answer(shown(found), version=found.version)


async def get_vocabulary(ctx: Ctx, call: Call) -> Any:
    """The values to choose from, in their order."""
    found = await queries.definition(ctx, _FAMILIES[call.operation.group], call.path["attributeFQN"])
    return [shown_word(one) for one in found.vocabulary]


async def create_definition(ctx: Ctx, call: Call) -> Any:
    """Define an attribute."""
    made = await definitions.create(ctx, _FAMILIES[call.operation.group], read(ctx, call.body))
    return Answer(shown(made), version=made.version)


async def update_definition(ctx: Ctx, call: Call) -> Any:
    """Replace a definition. Its code, namespace and types stay (Kibo behaviour 9.1)."""
    family, name = _FAMILIES[call.operation.group], call.path["attributeFQN"]
    made = await definitions.update(ctx, family, name, read(ctx, call.body), expect=call.expect)
    return Answer(shown(made), version=made.version)


def _operations(group: str, path: str, whose: str) -> tuple[Operation, ...]:
    one = f"{path}/{{attributeFQN}}"
    reading: dict[str, Any] = {"group": group, "scope": "customer-attribute:read", "shopper": "open"}
    writing: dict[str, Any] = {"group": group, "scope": "customer-attribute:update", "changes": True}
    return (
        Operation(
            id="getAttributes", method="GET", path=path, handler=list_definitions,
            query=(*LIST, RESPONSE_GROUPS), answer=CommerceRuntimeAttributeCollection,
            summary=f"List the attributes of {whose}", **reading,
        ),
        Operation(
            id="getAttribute", method="GET", path=one, handler=get_definition,
            query=(RESPONSE_GROUPS, RESPONSE_FIELDS), answer=CustomerAttribute2, versioned=True,
            summary="Read a definition", **reading,
        ),
        Operation(
            id="getAttributeVocabularyValues", method="GET", path=f"{one}/VocabularyValues", handler=get_vocabulary,
            query=(RESPONSE_GROUPS, RESPONSE_FIELDS), answer=list[CommerceRuntimeAttributeVocabularyValue],
            summary="List the values to choose from", **reading,
        ),
        Operation(
            id="createAttribute", method="POST", path=path, handler=create_definition, query=(RESPONSE_FIELDS,),
            body=CustomerAttribute2, answer=CustomerAttribute2, status=201, replays="yes", versioned=True,
            summary=f"Define an attribute of {whose}", **writing,
        ),
        Operation(
            id="updateAttribute", method="PUT", path=one, handler=update_definition, query=(RESPONSE_FIELDS,),
            body=CustomerAttribute2, answer=CustomerAttribute2, versioned=True, summary="Replace a definition",
            **writing,
        ),
    )  # fmt: skip


OPERATIONS = (
    *_operations(
        "CustomerAttributeDefinition", "/commerce/customer/attributedefinition/attributes", "B2C accounts"
    ),
    *_operations(
        "CustomerAccountAttributeDefinitions", "/commerce/customer/accountattributedefinition/attributes",
        "B2B accounts",
    ),
)  # fmt: skip
