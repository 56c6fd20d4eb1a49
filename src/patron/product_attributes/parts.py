"""Changes of one label or one value of a product attribute. The attribute is locked, and told as changed."""

from patron.kernel.context import Ctx
from patron.kernel.errors import check_version
from patron.product_attributes import actions, labels, vocabulary
from patron.product_attributes.model import Attribute, Label, Locales, Word, WordDetails

Expect = frozenset[int] | None


async def _save(
    ctx: Ctx, before: Attribute, *, entries: list[Label] | None = None, words: list[Word] | None = None
) -> Attribute:
    return await actions.save(
        ctx,
        before,
        before.labels if entries is None else entries,
        before.words if words is None else words,
        mapping_id=before.mapping_id,
    )


async def add_label(ctx: Ctx, fqn: str, label: Label) -> Label:
    """Add the label in one more language. Raises NotFound, Invalid, Taken."""
    before = await actions.lock(ctx, fqn)
    entries = labels.added(before.labels, label, labels.NAME)
    return labels.found((await _save(ctx, before, entries=entries)).labels, entries[-1].locale or "")


async def put_label(ctx: Ctx, fqn: str, locale: str, label: Label, *, expect: Expect = None) -> Label:
    """Replace the label in a language. Raises NotFound, Stale, Invalid, Refused."""
    before = await actions.lock(ctx, fqn)
    check_version(labels.found(before.labels, locale).version, expect)
    entries = labels.replaced(before.labels, locale, label, labels.NAME)
    return labels.found((await _save(ctx, before, entries=entries)).labels, locale)


async def put_labels(ctx: Ctx, fqn: str, given: list[Label]) -> list[Label]:
    """Replace all labels. Raises NotFound, Invalid, or Refused without that in the catalog's language."""
    before = await actions.lock(ctx, fqn)
    entries = labels.replaced_all(before.labels, given, before.default_locale, labels.NAME)
    return (await _save(ctx, before, entries=entries)).labels


async def remove_label(ctx: Ctx, fqn: str, locale: str, *, expect: Expect = None) -> None:
    """Remove the label in a language. Raises NotFound, Stale, or Refused for that in the catalog's language."""
    before = await actions.lock(ctx, fqn)
    check_version(labels.found(before.labels, locale).version, expect)
    await _save(ctx, before, entries=labels.removed(before.labels, locale, before.default_locale))


async def add_word(ctx: Ctx, fqn: str, given: WordDetails, locale: str) -> tuple[Attribute, Word]:
    """Add a value to the vocabulary. Raises NotFound, Invalid, Refused, Taken."""
    before = await actions.lock(ctx, fqn)
    words, word = vocabulary.added(before, given, Locales(before.default_locale, locale))
    after = await _save(ctx, before, words=words)
    return after, after.word(word.value)


async def put_word(
    ctx: Ctx, fqn: str, value: str, given: WordDetails, locale: str, *, expect: Expect = None
) -> tuple[Attribute, Word]:
    """Replace all of a value but the value itself. Raises NotFound, Stale, Invalid, Refused."""
    before = await actions.lock(ctx, fqn)
    check_version(before.word(value).version, expect)
    words = vocabulary.replaced(before, value, given, Locales(before.default_locale, locale))
    after = await _save(ctx, before, words=words)
    return after, after.word(value)


async def put_words(ctx: Ctx, fqn: str, given: list[WordDetails], locale: str) -> Attribute:
    """Replace the vocabulary. Raises NotFound, Invalid, Refused."""
    before = await actions.lock(ctx, fqn)
    words = vocabulary.all_written(before, given, Locales(before.default_locale, locale))
    return await _save(ctx, before, words=words)


async def remove_word(ctx: Ctx, fqn: str, value: str, *, expect: Expect = None) -> None:
    """Remove a value. Raises NotFound, Stale, or Refused when values of others are mapped to it."""
    before = await actions.lock(ctx, fqn)
    check_version(before.word(value).version, expect)
    await _save(ctx, before, words=vocabulary.removed(before, value))


async def add_word_label(ctx: Ctx, fqn: str, value: str, label: Label) -> Label:
    """Add the label of a value in one more language. Raises NotFound, Invalid, Taken."""
    before = await actions.lock(ctx, fqn)
    entries = labels.added(before.word(value).labels, label, labels.STRING_VALUE)
    after = await _save(ctx, before, words=vocabulary.relabelled(before, value, entries))
    return labels.found(after.word(value).labels, entries[-1].locale or "")


async def put_word_label(ctx: Ctx, fqn: str, value: str, locale: str, label: Label, *, expect: Expect = None) -> Label:
    """Replace the label of a value in a language. Raises NotFound, Stale, Invalid, Refused."""
    before = await actions.lock(ctx, fqn)
    old = before.word(value).labels
    check_version(labels.found(old, locale).version, expect)
    entries = labels.replaced(old, locale, label, labels.STRING_VALUE)
    after = await _save(ctx, before, words=vocabulary.relabelled(before, value, entries))
    return labels.found(after.word(value).labels, locale)


async def put_word_labels(ctx: Ctx, fqn: str, value: str, given: list[Label]) -> list[Label]:
    """Replace all labels of a value. Raises NotFound, Invalid, or Refused without that in the catalog's language."""
    before = await actions.lock(ctx, fqn)
    old = before.word(value).labels
    entries = labels.replaced_all(old, given, before.default_locale, labels.STRING_VALUE)
    after = await _save(ctx, before, words=vocabulary.relabelled(before, value, entries))
    return after.word(value).labels


async def remove_word_label(ctx: Ctx, fqn: str, value: str, locale: str, *, expect: Expect = None) -> None:
    """Remove the label of a value in a language. Raises NotFound, Stale, or Refused for the catalog's language."""
    before = await actions.lock(ctx, fqn)
    old = before.word(value).labels
    check_version(labels.found(old, locale).version, expect)
    entries = labels.removed(old, locale, before.default_locale)
    await _save(ctx, before, words=vocabulary.relabelled(before, value, entries))
