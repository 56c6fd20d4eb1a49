"""Product attributes as bodies of this dialect (Kibo behaviour 9.4)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from patron.kernel.context import Ctx
from patron.kernel.definitions import Metadata, Validation
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Time, Wire, audit, read_time, time
from patron.product_attributes.model import Attribute, Details, Label, Search, Word, WordDetails, label_in, typed
from patron.web.operations import Call

MASTER_CATALOG = 1  # the one that `Platform.getTenant` shows

AnyValue = Annotated[Any, Meta(extra_json_schema={"anyOf": [{}, {"type": "null"}]})]


class CatalogAdminsAttributeLocalizedContent(Wire):
    """What people read of an attribute in one language."""

    description: str | None = None
    locale_code: str | None = None
    name: str | None = None


class AttributeVocabularyValueLocalizedContent(Wire):
    """What people read instead of a value in one language."""

    locale_code: str | None = None
    string_value: Given[str] = None


class CatalogAdminsAttributeVocabularyValue(Wire):
    """A value to choose from. `content` is the entry of `localizedContent` in the language of the request."""

    content: Given[AttributeVocabularyValueLocalizedContent] = None
    display_order: Int32 | None = None
    localized_content: list[AttributeVocabularyValueLocalizedContent] | None = None
    mapped_generic_values: list[Any] | None = None
    product_name: str | None = None
    value: AnyValue = None
    value_sequence: Int32 | None = None


class CatalogAdminsAttributeMetadataItem(Wire):
    """A note of programs."""

    key: str | None = None
    value: str | None = None


class AttributeSearchSettings(Wire):
    """How a search engine is to treat the values."""

    allow_filtering_and_sorting_in_storefront: bool | None = None
    custom_weight_in_storefront_search: bool | None = None
    index_value_with_case: bool | None = None
    search_display_value: Given[bool] = None
    searchable_in_admin: Given[bool] = None
    searchable_in_storefront: Given[bool] = None


class CatalogAdminsAttributeValidation(Wire):
    """Bounds of a value."""

    max_date_value: Time | None = None
    max_numeric_value: Decimal | None = None
    max_string_length: Int32 | None = None
    min_date_value: Time | None = None
    min_numeric_value: Decimal | None = None
    min_string_length: Int32 | None = None
    regular_expression: str | None = None


class CatalogAdminsAttribute(Wire):
    """A product attribute. It needs `dataType`, `inputType`, `valueType`, and at least one use."""

    admin_name: str | None = None
    attribute_code: str | None = None
    attribute_data_type_sequence: Int32 | None = None
    attribute_fqn: str | None = msgspec.field(name="attributeFQN", default=None)
    attribute_metadata: list[CatalogAdminsAttributeMetadataItem] | None = None
    attribute_sequence: Int32 | None = None
    audit_info: Given[AdminUserAuditInfo] = None
    available_for_order_routing: Given[bool] = None
    content: Given[CatalogAdminsAttributeLocalizedContent] = None
    data_type: str | None = None
    input_type: str | None = None
    is_extra: bool | None = None
    is_option: bool | None = None
    is_property: bool | None = None
    is_value_mapping_attribute: bool | None = None
    localized_content: list[CatalogAdminsAttributeLocalizedContent] | None = None
    master_catalog_id: Int32 | None = None
    namespace: str | None = None
    search_settings: Given[AttributeSearchSettings] = None
    validation: Given[CatalogAdminsAttributeValidation] = None
    value_mapping_attribute_fqn: str | None = msgspec.field(name="valueMappingAttributeFQN", default=None)
    value_type: str | None = None
    vocabulary_values: list[CatalogAdminsAttributeVocabularyValue] | None = None


class CatalogAdminsAttributeCollection(Paged):
    """A page of product attributes."""

    items: list[CatalogAdminsAttribute] | None = None


def locale_of(ctx: Ctx, call: Call) -> str:
    """The language of a request: what its header says, else the site's."""
    return call.headers.get("x-vol-locale") or (ctx.site.locale if ctx.site else "en-US")


# Answers with `content` differ by what `locale_of` looks at, though their version is the same.
VARIES = {"vary": "x-vol-locale, x-vol-site"}


def in_locale(labels: list[Label], locale: str, default: str) -> Label:
    """The label that a reader in this language gets: that in it, else in the catalog's language, else any."""
    return label_in(labels, locale) or label_in(labels, default) or labels[0]


def shown_label(label: Label) -> CatalogAdminsAttributeLocalizedContent:
    """An attribute's label as this dialect shows it."""
    return CatalogAdminsAttributeLocalizedContent(
        locale_code=label.locale, name=label.text, description=label.description
    )


def shown_word_label(label: Label) -> AttributeVocabularyValueLocalizedContent:
    """A value's label as this dialect shows it."""
    return AttributeVocabularyValueLocalizedContent(locale_code=label.locale, string_value=label.text)


def shown_word(attribute: Attribute, word: Word, locale: str) -> CatalogAdminsAttributeVocabularyValue:
    """A value as this dialect shows it."""
    return CatalogAdminsAttributeVocabularyValue(
        content=shown_word_label(in_locale(word.labels, locale, attribute.default_locale)),
        display_order=word.position,
        localized_content=[shown_word_label(one) for one in word.labels],
        mapped_generic_values=[typed(attribute.data_type, one) for one in word.mapped],
        product_name=word.product_name,
        value=typed(attribute.data_type, word.value),
        value_sequence=word.id,
    )


def shown_in(locale: str) -> Callable[[Attribute], CatalogAdminsAttribute]:
    """How this dialect shows an attribute to readers in a language."""

    def shown(attribute: Attribute) -> CatalogAdminsAttribute:
        return CatalogAdminsAttribute(
            admin_name=attribute.admin_name,
            attribute_code=attribute.code,
            attribute_data_type_sequence=attribute.id,
            attribute_fqn=attribute.fqn,
            attribute_metadata=[
                CatalogAdminsAttributeMetadataItem(key=one.key, value=one.value) for one in attribute.metadata
            ],
            attribute_sequence=attribute.id,
            audit_info=audit(attribute),
            available_for_order_routing=attribute.for_order_routing,
            content=shown_label(in_locale(attribute.labels, locale, attribute.default_locale)),
            data_type=attribute.data_type,
            input_type=attribute.input_type,
            is_extra=attribute.is_extra,
            is_option=attribute.is_option,
            is_property=attribute.is_property,
            is_value_mapping_attribute=attribute.is_mapping,
            localized_content=[shown_label(one) for one in attribute.labels],
            master_catalog_id=MASTER_CATALOG,
            namespace=attribute.namespace,
            search_settings=_shown_search(attribute.search),
            validation=_shown_validation(attribute.validation),
            value_mapping_attribute_fqn=attribute.mapping,
            value_type=attribute.value_type,
            vocabulary_values=[shown_word(attribute, one, locale) for one in attribute.words],
        )

    return shown


def _shown_search(search: Search) -> AttributeSearchSettings:
    return AttributeSearchSettings(
        allow_filtering_and_sorting_in_storefront=search.filtered_and_sorted,
        custom_weight_in_storefront_search=search.custom_weight,
        index_value_with_case=search.with_case,
        search_display_value=search.display_value,
        searchable_in_admin=search.in_admin,
        searchable_in_storefront=search.in_storefront,
    )


def _shown_validation(rules: Validation) -> CatalogAdminsAttributeValidation:
    return CatalogAdminsAttributeValidation(
        max_date_value=time(rules.time_max),
        max_numeric_value=rules.number_max,
        max_string_length=rules.length_max,
        min_date_value=time(rules.time_min),
        min_numeric_value=rules.number_min,
        min_string_length=rules.length_min,
        regular_expression=rules.pattern,
    )


def read_label(body: CatalogAdminsAttributeLocalizedContent) -> Label:
    """An attribute's label as a caller wrote it."""
    return Label(body.locale_code, body.name, body.description)


def read_word_label(body: AttributeVocabularyValueLocalizedContent) -> Label:
    """A value's label as a caller wrote it."""
    return Label(body.locale_code, body.string_value)


def read_word(body: CatalogAdminsAttributeVocabularyValue) -> WordDetails:
    """A value as a caller wrote it; `valueSequence` is the server's."""
    entries = body.localized_content
    return WordDetails(
        value=body.value,
        position=body.display_order,
        product_name=body.product_name,
        mapped=body.mapped_generic_values or [],
        labels=None if entries is None else [read_word_label(one) for one in entries],
        content=None if body.content is None else read_word_label(body.content),
    )


def read(body: CatalogAdminsAttribute) -> Details:
    """An attribute as a caller wrote it; full name, sequences, catalog and `auditInfo` are the server's."""
    entries, words = body.localized_content, body.vocabulary_values
    search = body.search_settings or AttributeSearchSettings()
    rules = body.validation or CatalogAdminsAttributeValidation()
    return Details(
        code=body.attribute_code,
        namespace=body.namespace,
        admin_name=body.admin_name,
        data_type=body.data_type,
        input_type=body.input_type,
        value_type=body.value_type,
        is_option=body.is_option,
        is_property=body.is_property,
        is_extra=body.is_extra,
        is_mapping=body.is_value_mapping_attribute,
        mapping=body.value_mapping_attribute_fqn,
        for_order_routing=body.available_for_order_routing,
        search=Search(
            display_value=bool(search.search_display_value),
            in_admin=bool(search.searchable_in_admin),
            in_storefront=bool(search.searchable_in_storefront),
            filtered_and_sorted=search.allow_filtering_and_sorting_in_storefront,
            custom_weight=search.custom_weight_in_storefront_search,
            with_case=search.index_value_with_case,
        ),
        validation=Validation(
            length_min=rules.min_string_length,
            length_max=rules.max_string_length,
            number_min=rules.min_numeric_value,
            number_max=rules.max_numeric_value,
            time_min=read_time("validation.minDateValue", rules.min_date_value),
            time_max=read_time("validation.maxDateValue", rules.max_date_value),
            pattern=rules.regular_expression,
        ),
        metadata=[Metadata(one.key or "", one.value or "") for one in body.attribute_metadata or ()],
        labels=None if entries is None else [read_label(one) for one in entries],
        content=None if body.content is None else read_label(body.content),
        words=None if words is None else [read_word(one) for one in words],
    )
