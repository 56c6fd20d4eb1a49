"""How mails are worded: every kind in every language, and what a template may say."""

from dataclasses import dataclass

import pytest

from patron.kernel.errors import Invalid
from patron.mails import kinds, rendering, wording
from patron.mails.actions import candidates
from patron.mails.kinds import KINDS, facts_of
from patron.mails.model import BODY_LENGTH_MAX, Kind, Template, check_locale, wanted

SAMPLES = {kind.name: {name: fact.sample for name, fact in facts_of(kind).items()} for kind in KINDS.values()}
EVERY = [(kind, language) for kind in KINDS.values() for language in wording.languages()]


def own(subject: str = "Hello", text: str = "Hello", html: str = "<p>Hello</p>") -> Template:
    """A template of a shop's own."""
    return Template(subject, text, html)


@pytest.mark.parametrize(("kind", "language"), EVERY, ids=lambda value: getattr(value, "name", value))
def test_every_kind_is_worded_in_every_language(kind: Kind, language: str) -> None:
    template = wording.built_in(kind, language)
    assert template is not None

    rendering.check(kind, template)
    mail = rendering.render(template, SAMPLES[kind.name])

    assert mail.html is not None
    for text in (mail.subject, mail.text, mail.html):
        assert "Main street" in text
        assert "{" not in text.partition("<body")[2]
    for name, fact in kind.facts.items():
        assert not fact.needed or SAMPLES[kind.name][name] in mail.text


def test_languages_say_different_things() -> None:
    assert wording.languages() == ("de", "en")
    subjects = {language: wording.built_in(kinds.CREATED, language) for language in wording.languages()}
    assert len(set(subjects.values())) == 2


@pytest.mark.parametrize(
    ("locales", "expected"),
    [
        (("fr-CA", "de-DE"), ["fr-CA", "fr", "de-DE", "de", "en"]),
        ((None, "en-US"), ["en-US", "en"]),
        (("zh_hant_tw", "en-US"), ["zh-Hant-TW", "zh-Hant", "zh", "en-US", "en"]),
        (("DE-de", "de-DE"), ["de-DE", "de", "en"]),
        (("", "no locale!"), ["en"]),
    ],
)
def test_the_readers_language_comes_first_then_the_sites_then_english(
    locales: tuple[str | None, ...], expected: list[str]
) -> None:
    assert wanted(*locales) == expected


@pytest.mark.parametrize("text", ["", "e", "english please", "fr-", "de-DE-" + "x" * 9, "fr/CA", "fr\0"])
def test_what_is_no_locale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a locale is"):
        check_locale(text)


@dataclass
class Case:
    """A reader's locale at a site in German, and the template that counts."""

    own: tuple[str, ...]
    reader: str
    counts: str


@pytest.mark.parametrize(
    "case",
    [
        Case((), "fr-CA", "ours de"),
        Case((), "en-GB", "ours en"),
        Case(("fr",), "fr-CA", "own fr"),
        Case(("fr", "fr-CA"), "fr-CA", "own fr-CA"),
        Case(("fr-CA",), "fr-FR", "ours de"),
        Case(("de-DE",), "fr-FR", "own de-DE"),
        Case(("en",), "fr-FR", "ours de"),
        Case(("en",), "en-GB", "own en"),
    ],
    ids=str,
)
def test_in_each_locale_the_sites_own_template_comes_before_ours(case: Case) -> None:
    templates = {locale: own(locale) for locale in case.own}

    locale, template = candidates(kinds.CREATED, templates, wanted(case.reader, "de-DE"))[0]

    assert f"{'own' if template == templates.get(locale) else 'ours'} {locale}" == case.counts


def test_a_fact_cannot_become_html() -> None:
    mail = rendering.render(own("{{ shop }}", "{{ shop }}", '<a title="{{ shop }}">'), {"shop": "\"><script>'\n"})

    assert mail.subject == "\"><script>'"
    assert mail.text == "\"><script>'\n"
    assert mail.html == '<a title="&#34;&gt;&lt;script&gt;&#39;\n">'


def test_a_template_knows_conditions_filters_and_the_layout() -> None:
    html = '{% extends "layout.html" %}{% block content %}{{ shop | upper | default("x") }}{% endblock %}'
    template = own(
        "{% if email is defined and not email == '' %}To {{ email }}{% else %}Gone{% endif %}",
        "{{ 'Now' if email else 'Then' }}: {{ email | urlencode }}",
        html,
    )
    facts = SAMPLES["shopperEmailUpdated"]

    rendering.check(kinds.EMAIL_UPDATED, template)

    assert rendering.render(template, facts).subject == "To kim@example.com"
    assert rendering.render(template, facts | {"email": ""}).subject == "Gone"
    assert rendering.render(template, facts).text == "Now: kim%40example.com"
    assert "MAIN STREET" in str(rendering.render(template, facts).html)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("Dear {{ name }}", "line 1: there is no fact name. There are: shop, shop_url, language, email."),
        ("a\n\n{{ shop", "line 3: unexpected end of template"),
        ("{% if shop %}", "line 1: Unexpected end of template"),
        ("{{ shop.__class__ }}", "and no getattr"),
        ("{{ shop['__class__'] }}", "and no getitem"),
        ("{{ shop.format(shop) }}", "and no call"),
        ("{% for c in shop %}x{% endfor %}", "and no for"),
        ("{% set x = 1 %}", "and no assign"),
        ("{{ 'a' * 1000000000 }}", "and no mul"),
        ("{{ 9 ** 9 ** 9 }}", "and no pow"),
        ("{{ range(9) }}", "and no call"),
        ("{% macro m() %}{% endmacro %}", "and no macro"),
        ("{% include 'layout.html' %}", "and no include"),
        ("{% import 'layout.html' as x %}", "and no import"),
        ("{{ shop | safe }}", "there is no filter safe."),
        ("{{ shop | attr('x') }}", "there is no filter attr."),
        ("{% filter upper %}x{% endfilter %}", "and no filterblock"),
        ("{{ shop is divisibleby 3 }}", "there is no test divisibleby."),
        ("{% extends shop %}", "the only thing to extend is layout.html, in HTML."),
        ("{% extends 'other.html' %}", "the only thing to extend is layout.html, in HTML."),
        ("{{ (" + "(" * 3_000 + "1" + ")" * 3_000 + ") }}", "nested too deeply"),
        ("{% if shop %}" * 200 + "{% endif %}" * 200, "The template cannot be used"),
        ("{{ 1 if shop > 3 else 2 }}", "The template cannot be used"),
        (" \n", "is empty."),
        ("x" * (BODY_LENGTH_MAX + 1), f"has more than {BODY_LENGTH_MAX} characters."),
    ],
    ids=lambda value: value[:30],
)
@pytest.mark.parametrize("part", ["text", "html"])
def test_what_a_template_may_not_say_is_told_by_part_and_line(source: str, sentence: str, part: str) -> None:
    template = own(text=source) if part == "text" else own(html=source)
    if (part, source) == ("html", " \n"):
        return

    with pytest.raises(Invalid) as refusal:
        rendering.check(kinds.EMAIL_UPDATED, template)

    told = refusal.value.message
    assert sentence.lower() in told.lower()
    assert told.startswith((part, "The template"))


def test_a_mail_must_say_what_it_is_for() -> None:
    with pytest.raises(Invalid, match="text does not say link, without which this mail is worth nothing"):
        rendering.check(kinds.RESET, own(html="{{ link }}"))
    with pytest.raises(Invalid, match="html does not say link"):
        rendering.check(kinds.RESET, own(text="{{ link }}"))
    rendering.check(kinds.RESET, own(text="{{ link }}", html=""))


def test_the_text_layout_is_no_thing_of_the_text() -> None:
    with pytest.raises(Invalid, match="in HTML"):
        rendering.check(kinds.CREATED, own(text='{% extends "layout.html" %}'))
