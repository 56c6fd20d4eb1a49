"""The vocabulary of a product attribute, in this dialect: the values to choose from, and their labels."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.parameters import RESPONSE_FIELDS, RESPONSE_GROUPS
from patron.kibo.product_attribute_bodies import (
    VARIES,
    AttributeVocabularyValueLocalizedContent,
    CatalogAdminsAttributeVocabularyValue,
    locale_of,
    read_word,
    read_word_label,
    shown_word,
    shown_word_label,
)
from patron.kibo.product_attributes import ONE, READING, WRITING
from patron.product_attributes import labels, parts, queries
from patron.product_attributes.model import Attribute, Label, Word
from patron.web.operations import Answer, Call, Operation


def _place(call: Call) -> tuple[str, str]:
    """The attribute and the value that a path names."""
    return call.path["attributeFQN"], call.path["value"]


def _answer(ctx: Ctx, call: Call, attribute: Attribute, word: Word) -> Answer:
    return Answer(shown_word(attribute, word, locale_of(ctx, call)), version=word.version, headers=VARIES)


def _labelled(label: Label) -> Answer:
    return Answer(shown_word_label(label), version=label.version)


async def list_words(ctx: Ctx, call: Call) -> Any:
    """The values to choose from, in their order."""
    found = await queries.get(ctx, call.path["attributeFQN"])
    return [shown_word(found, one, locale_of(ctx, call)) for one in found.words]


async def get_word(ctx: Ctx, call: Call) -> Any:
    """One value, in any case."""
    fqn, value = _place(call)
    found = await queries.get(ctx, fqn)
    return _answer(ctx, call, found, found.word(value))


async def add_word(ctx: Ctx, call: Call) -> Any:
    """Add a value, at the end unless `displayOrder` says where."""
    given = read_word(call.body)
    return _answer(ctx, call, *await parts.add_word(ctx, call.path["attributeFQN"], given, locale_of(ctx, call)))


async def update_word(ctx: Ctx, call: Call) -> Any:
    """Replace all of a value but the value itself."""
    fqn, value = _place(call)
    given, locale = read_word(call.body), locale_of(ctx, call)
    return _answer(ctx, call, *await parts.put_word(ctx, fqn, value, given, locale, expect=call.expect))


async def update_words(ctx: Ctx, call: Call) -> Any:
    """Replace the vocabulary. A value that stays keeps its sequence number."""
    given, locale = [read_word(one) for one in call.body], locale_of(ctx, call)
    found = await parts.put_words(ctx, call.path["attributeFQN"], given, locale)
    return [shown_word(found, one, locale) for one in found.words]


async def delete_word(ctx: Ctx, call: Call) -> Any:
    """Remove a value."""
    await parts.remove_word(ctx, *_place(call), expect=call.expect)


async def list_labels(ctx: Ctx, call: Call) -> Any:
    """What people read instead of a value, in every language."""
    fqn, value = _place(call)
    return [shown_word_label(one) for one in (await queries.get(ctx, fqn)).word(value).labels]


async def get_label(ctx: Ctx, call: Call) -> Any:
    """What people read instead of a value in one language."""
    fqn, value = _place(call)
    word = (await queries.get(ctx, fqn)).word(value)
    return _labelled(labels.found(word.labels, call.path["localeCode"]))


async def add_label(ctx: Ctx, call: Call) -> Any:
    """Add a language."""
    return _labelled(await parts.add_word_label(ctx, *_place(call), read_word_label(call.body)))


async def update_label(ctx: Ctx, call: Call) -> Any:
    """Replace what people read instead of a value in one language."""
    locale, given = call.path["localeCode"], read_word_label(call.body)
    return _labelled(await parts.put_word_label(ctx, *_place(call), locale, given, expect=call.expect))


async def update_labels(ctx: Ctx, call: Call) -> Any:
    """Replace what people read instead of a value in all languages. That of the catalog has to be among them."""
    given = [read_word_label(one) for one in call.body]
    return [shown_word_label(one) for one in await parts.put_word_labels(ctx, *_place(call), given)]


async def delete_label(ctx: Ctx, call: Call) -> Any:
    """Remove a language; not that of the catalog."""
    await parts.remove_word_label(ctx, *_place(call), call.path["localeCode"], expect=call.expect)


_WORDS = f"{ONE}/VocabularyValues"
_WORD = f"{_WORDS}/{{value}}"
_LABELS = f"{_WORD}/LocalizedContent"
_LABEL = f"{_LABELS}/{{localeCode}}"
_VALUE = CatalogAdminsAttributeVocabularyValue
_CONTENT = AttributeVocabularyValueLocalizedContent

OPERATIONS = (
    Operation(
        id="getAttributeVocabularyValues", method="GET", path=_WORDS, handler=list_words,
        query=(RESPONSE_GROUPS, RESPONSE_FIELDS), answer=list[_VALUE], summary="List the values to choose from",
        **READING,
    ),
    Operation(
        id="addAttributeVocabularyValue", method="POST", path=_WORDS, handler=add_word, query=(RESPONSE_FIELDS,),
        body=_VALUE, answer=_VALUE, status=201, replays="yes", versioned=True, summary="Add a value to choose",
        **WRITING,
    ),
    Operation(
        id="updateAttributeVocabularyValues", method="PUT", path=_WORDS, handler=update_words,
        query=(RESPONSE_FIELDS,), body=list[_VALUE], answer=list[_VALUE], summary="Replace the values to choose from",
        **WRITING,
    ),
    Operation(
        id="getAttributeVocabularyValue", method="GET", path=_WORD, handler=get_word, query=(RESPONSE_FIELDS,),
        answer=_VALUE, versioned=True, summary="Read a value to choose", **READING,
    ),
    Operation(
        id="updateAttributeVocabularyValue", method="PUT", path=_WORD, handler=update_word, query=(RESPONSE_FIELDS,),
        body=_VALUE, answer=_VALUE, versioned=True, summary="Replace a value to choose", **WRITING,
    ),
    Operation(
        id="deleteAttributeVocabularyValue", method="DELETE", path=_WORD, handler=delete_word, status=204,
        versioned=True, summary="Remove a value to choose", **WRITING,
    ),
    Operation(
        id="getAttributeVocabularyValueLocalizedContents", method="GET", path=_LABELS, handler=list_labels,
        query=(RESPONSE_FIELDS,), answer=list[_CONTENT], summary="List a value's labels in all languages", **READING,
    ),
    Operation(
        id="addAttributeVocabularyValueLocalizedContent", method="POST", path=_LABELS, handler=add_label,
        query=(RESPONSE_FIELDS,), body=_CONTENT, answer=_CONTENT, status=201, replays="yes", versioned=True,
        summary="Add a value's label in a language", **WRITING,
    ),
    Operation(
        id="updateAttributeVocabularyValueLocalizedContents", method="PUT", path=_LABELS, handler=update_labels,
        query=(RESPONSE_FIELDS,), body=list[_CONTENT], answer=list[_CONTENT],
        summary="Replace a value's labels in all languages", **WRITING,
    ),
    Operation(
        id="getAttributeVocabularyValueLocalizedContent", method="GET", path=_LABEL, handler=get_label,
        query=(RESPONSE_FIELDS,), answer=_CONTENT, versioned=True, summary="Read a value's label in a language",
        **READING,
    ),
    Operation(
        id="updateAttributeVocabularyValueLocalizedContent", method="PUT", path=_LABEL, handler=update_label,
        query=(RESPONSE_FIELDS,), body=_CONTENT, answer=_CONTENT, versioned=True,
        summary="Replace a value's label in a language", **WRITING,
    ),
    Operation(
        id="deleteAttributeVocabularyValueLocalizedContent", method="DELETE", path=_LABEL, handler=delete_label,
        status=204, versioned=True, summary="Remove a value's label in a language", **WRITING,
    ),
)  # fmt: skip
