"""Product attributes, in this dialect: the attributes, their labels, and which types go together."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, RESPONSE_GROUPS, ask
from patron.kibo.product_attribute_bodies import (
    VARIES,
    CatalogAdminsAttribute,
    CatalogAdminsAttributeCollection,
    CatalogAdminsAttributeLocalizedContent,
    locale_of,
    read,
    read_label,
    shown_in,
    shown_label,
)
from patron.kibo.selection import below, wants
from patron.kibo.wire import Paged, Wire
from patron.product_attributes import actions, labels, parts, queries
from patron.product_attributes.model import Attribute, TypeRule
from patron.web.operations import Answer, Call, Operation

NAMES = {
    "attributesequence": "id",
    "attributedatatypesequence": "id",
    "attributefqn": "fqn",
    "attributecode": "code",
    "namespace": "namespace",
    "adminname": "admin_name",
    "datatype": "data_type",
    "inputtype": "input_type",
    "valuetype": "value_type",
    "isoption": "is_option",
    "isproperty": "is_property",
    "isextra": "is_extra",
    "isvaluemappingattribute": "is_mapping",
    "availablefororderrouting": "for_order_routing",
    "content.name": "name",
    "localizedcontent.name": "name",
    "vocabularyvalues.value": "value",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}
_RULE_NAMES = {
    "attributeusagetype": "usage",
    "attributedatatype": "data_type",
    "attributeinputtype": "input_type",
    "attributevaluetype": "value_type",
}


class AttributeTypeRule(Wire):
    """Types that go together in one use."""

    attribute_data_type: str | None = None
    attribute_input_type: str | None = None
    attribute_usage_type: str | None = None
    attribute_value_type: str | None = None


class AttributeTypeRuleCollection(Paged):
    """A page of types that go together."""

    items: list[AttributeTypeRule] | None = None


def _answer(ctx: Ctx, call: Call, attribute: Attribute) -> Answer:
    return Answer(shown_in(locale_of(ctx, call))(attribute), version=attribute.version, headers=VARIES)


def _name(call: Call) -> str:
    return call.path["attributeFQN"]


async def list_attributes(ctx: Ctx, call: Call) -> Any:
    """The attributes, in the order in which they were made."""
    wanted = ask(call, NAMES, queries.FIELDS)
    items = below(call.query.get("responseFields"), "items")
    page = await queries.list_of(ctx, wanted, with_words=wants(items, "vocabularyvalues"))
    return collection(CatalogAdminsAttributeCollection, wanted, page, shown_in(locale_of(ctx, call)))


async def get_attribute(ctx: Ctx, call: Call) -> Any:
    """One attribute by its full name, in any case."""
    return _answer(ctx, call, await queries.get(ctx, _name(call)))


async def create_attribute(ctx: Ctx, call: Call) -> Any:
    """Define an attribute. Without a code it is named by its sequence number."""
    return _answer(ctx, call, await actions.create(ctx, read(call.body), locale_of(ctx, call)))


async def update_attribute(ctx: Ctx, call: Call) -> Any:
    """Replace an attribute. Its code, namespace and types stay; labels and values, when they are left out."""
    given = read(call.body)
    return _answer(ctx, call, await actions.update(ctx, _name(call), given, locale_of(ctx, call), expect=call.expect))


async def delete_attribute(ctx: Ctx, call: Call) -> Any:
    """Remove an attribute with its labels and vocabulary."""
    await actions.delete(ctx, _name(call), expect=call.expect)


def _shown_rule(rule: TypeRule) -> AttributeTypeRule:
    return AttributeTypeRule(
        attribute_usage_type=rule.usage,
        attribute_data_type=rule.data_type,
        attribute_input_type=rule.input_type,
        attribute_value_type=rule.value_type,
    )


async def list_type_rules(ctx: Ctx, call: Call) -> Any:
    """Which data types, inputs and value types go together in which use."""
    wanted = ask(call, _RULE_NAMES, queries.TYPE_RULE_FIELDS)
    return collection(AttributeTypeRuleCollection, wanted, await queries.type_rules(ctx, wanted), _shown_rule)


async def list_labels(ctx: Ctx, call: Call) -> Any:
    """What people read of the attribute, in every language."""
    found = await queries.get(ctx, _name(call), with_words=False)
    return [shown_label(one) for one in found.labels]


async def get_label(ctx: Ctx, call: Call) -> Any:
    """What people read of the attribute in one language."""
    found = await queries.get(ctx, _name(call), with_words=False)
    label = labels.found(found.labels, call.path["localeCode"])
    return Answer(shown_label(label), version=label.version)


async def add_label(ctx: Ctx, call: Call) -> Any:
    """Add a language."""
    label = await parts.add_label(ctx, _name(call), read_label(call.body))
    return Answer(shown_label(label), version=label.version)


async def update_label(ctx: Ctx, call: Call) -> Any:
    """Replace what people read in one language."""
    locale, given = call.path["localeCode"], read_label(call.body)
    label = await parts.put_label(ctx, _name(call), locale, given, expect=call.expect)
    return Answer(shown_label(label), version=label.version)


async def update_labels(ctx: Ctx, call: Call) -> Any:
    """Replace what people read in all languages. That of the catalog has to be among them."""
    given = [read_label(one) for one in call.body]
    return [shown_label(one) for one in await parts.put_labels(ctx, _name(call), given)]


async def delete_label(ctx: Ctx, call: Call) -> Any:
    """Remove a language; not that of the catalog."""
    await parts.remove_label(ctx, _name(call), call.path["localeCode"], expect=call.expect)


PATH = "/commerce/catalog/admin/attributedefinition/attributes"
ONE = f"{PATH}/{{attributeFQN}}"
_LABELS = f"{ONE}/LocalizedContent"
_LABEL = f"{_LABELS}/{{localeCode}}"
READING: dict[str, Any] = {"group": "ProductAttributes", "scope": "product-attribute:read"}
WRITING: dict[str, Any] = {"group": "ProductAttributes", "scope": "product-attribute:update", "changes": True}
_BODY: dict[str, Any] = {"body": CatalogAdminsAttribute, "answer": CatalogAdminsAttribute, "query": (RESPONSE_FIELDS,)}
_CONTENT = CatalogAdminsAttributeLocalizedContent

OPERATIONS = (
    Operation(
        id="getAttributes", method="GET", path=PATH, handler=list_attributes, query=(*LIST, RESPONSE_GROUPS),
        answer=CatalogAdminsAttributeCollection, summary="List the product attributes", **READING,
    ),
    Operation(
        id="addAttribute", method="POST", path=PATH, handler=create_attribute, status=201, replays="yes",
        versioned=True, summary="Define a product attribute", **_BODY, **WRITING,
    ),
    Operation(
        id="getAttributeTypeRules", method="GET", path=f"{PATH}/typerules", handler=list_type_rules, query=LIST,
        answer=AttributeTypeRuleCollection, summary="List the types that go together", **READING,
    ),
    Operation(
        id="getAttribute", method="GET", path=ONE, handler=get_attribute, query=(RESPONSE_GROUPS, RESPONSE_FIELDS),
        answer=CatalogAdminsAttribute, versioned=True, summary="Read a product attribute", **READING,
    ),
    Operation(
        id="updateAttribute", method="PUT", path=ONE, handler=update_attribute, versioned=True,
        summary="Replace a product attribute", **_BODY, **WRITING,
    ),
    Operation(
        id="deleteAttribute", method="DELETE", path=ONE, handler=delete_attribute, status=204, versioned=True,
        summary="Remove a product attribute", **WRITING,
    ),
    Operation(
        id="getAttributeLocalizedContents", method="GET", path=_LABELS, handler=list_labels, query=(RESPONSE_FIELDS,),
        answer=list[_CONTENT], summary="List an attribute's names in all languages", **READING,
    ),
    Operation(
        id="addLocalizedContent", method="POST", path=_LABELS, handler=add_label, query=(RESPONSE_FIELDS,),
        body=_CONTENT, answer=_CONTENT, status=201, replays="yes", versioned=True,
        summary="Add an attribute's name in a language", **WRITING,
    ),
    Operation(
        id="updateLocalizedContents", method="PUT", path=_LABELS, handler=update_labels, query=(RESPONSE_FIELDS,),
        body=list[_CONTENT], answer=list[_CONTENT], summary="Replace an attribute's names in all languages",
        **WRITING,
    ),
    Operation(
        id="getAttributeLocalizedContent", method="GET", path=_LABEL, handler=get_label, query=(RESPONSE_FIELDS,),
        answer=_CONTENT, versioned=True, summary="Read an attribute's name in a language", **READING,
    ),
    Operation(
        id="updateLocalizedContent", method="PUT", path=_LABEL, handler=update_label, query=(RESPONSE_FIELDS,),
        body=_CONTENT, answer=_CONTENT, versioned=True, summary="Replace an attribute's name in a language",
        **WRITING,
    ),
    Operation(
        id="deleteLocalizedContent", method="DELETE", path=_LABEL, handler=delete_label, status=204, versioned=True,
        summary="Remove an attribute's name in a language", **WRITING,
    ),
)  # fmt: skip
