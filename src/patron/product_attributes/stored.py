"""How labels and values are written: what differs between two states, in a few statements however much it is.

Versions start at the clock, so that what was removed and is made again does not repeat an ETag.
"""

from patron.kernel.context import Ctx
from patron.product_attributes.model import Label, Word


def first_version(ctx: Ctx) -> int:
    """The version of what is new."""
    return int(ctx.now.timestamp() * 1000)


def _key(label: Label) -> str:
    return (label.locale or "").lower()


async def write_labels(ctx: Ctx, attribute_id: int, before: list[Label], after: list[Label]) -> None:
    """Make these the labels of an attribute that the caller has locked."""
    old = {_key(one): one.words for one in before}
    gone = list(old.keys() - {_key(one) for one in after})
    if gone:
        await ctx.db.execute(
            "delete from product_attribute_label where tenant_id = $1 and attribute_id = $2 and locale_key = any($3)",
            ctx.tenant_id,
            attribute_id,
            gone,
        )
    new = [one for one in after if old.get(_key(one)) != one.words]
    if new:
        await ctx.db.execute(
            """
            insert into product_attribute_label as l (tenant_id, attribute_id, locale_key, version, locale, text,
                                                      description)
            select $1, $2, given.key, $3, given.locale, given.text, given.description
            from jsonb_to_recordset($4) as given (key text, locale text, text text, description text)
            on conflict (tenant_id, attribute_id, locale_key) do update
            set version = l.version + 1, locale = excluded.locale, text = excluded.text,
                description = excluded.description
            """,
            ctx.tenant_id,
            attribute_id,
            first_version(ctx),
            [{"key": _key(one), "locale": one.locale, "text": one.text, "description": one.description} for one in new],
        )


def _content(word: Word) -> tuple[object, ...]:
    """What a caller writes of a value."""
    labels = sorted((_key(one), one.words) for one in word.labels)
    return word.position, word.product_name, word.mapped, labels


async def write_words(ctx: Ctx, attribute_id: int, before: list[Word], after: list[Word]) -> None:
    """Make these the values of an attribute that the caller has locked."""
    old = {word.key: word for word in before}
    gone = list(old.keys() - {word.key for word in after})
    if gone:
        await ctx.db.execute(
            "delete from product_value where tenant_id = $1 and attribute_id = $2 and value_key = any($3)",
            ctx.tenant_id,
            attribute_id,
            gone,
        )
    new = [word for word in after if word.key not in old or _content(old[word.key]) != _content(word)]
    if not new:
        return
    await ctx.db.execute(
        """
        insert into product_value as v (tenant_id, attribute_id, value_key, version, value, position, product_name,
                                        mapped)
        select $1, $2, given.key, $3, given.value, given.position, given.product_name, given.mapped
        from jsonb_to_recordset($4) as given (place bigint, key text, value text, position bigint, product_name text,
                                              mapped jsonb)
        order by given.place
        on conflict (tenant_id, attribute_id, value_key) do update
        set version = v.version + 1, position = excluded.position, product_name = excluded.product_name,
            mapped = excluded.mapped
        """,
        ctx.tenant_id,
        attribute_id,
        first_version(ctx),
        [
            {
                "place": place,
                "key": word.key,
                "value": word.value,
                "position": word.position,
                "product_name": word.product_name,
                "mapped": word.mapped,
            }
            for place, word in enumerate(new)
        ],
    )
    await _write_word_labels(ctx, attribute_id, old, new)


async def _write_word_labels(ctx: Ctx, attribute_id: int, old: dict[str, Word], words: list[Word]) -> None:
    """The labels of values that are new or differ."""
    before = {(word.key, _key(one)): one.words for word in old.values() for one in word.labels}
    after = {(word.key, _key(one)): one for word in words for one in word.labels}
    named = {word.key for word in words}
    gone = [place for place in before if place[0] in named and place not in after]
    if gone:
        await ctx.db.execute(
            """
            delete from product_value_label l using unnest($3::text[], $4::text[]) as given (key, locale_key)
            where l.tenant_id = $1 and l.attribute_id = $2 and l.value_key = given.key
              and l.locale_key = given.locale_key
            """,
            ctx.tenant_id,
            attribute_id,
            [key for key, _ in gone],
            [locale_key for _, locale_key in gone],
        )
    new = [(key, one) for (key, locale_key), one in after.items() if before.get((key, locale_key)) != one.words]
    if new:
        await ctx.db.execute(
            """
            insert into product_value_label as l (tenant_id, attribute_id, value_key, locale_key, version, locale, text)
            select $1, $2, given.key, given.locale_key, $3, given.locale, given.text
            from jsonb_to_recordset($4) as given (key text, locale_key text, locale text, text text)
            on conflict (tenant_id, attribute_id, value_key, locale_key) do update
            set version = l.version + 1, locale = excluded.locale, text = excluded.text
            """,
            ctx.tenant_id,
            attribute_id,
            first_version(ctx),
            [{"key": key, "locale_key": _key(one), "locale": one.locale, "text": one.text} for key, one in new],
        )
