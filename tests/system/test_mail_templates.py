"""Mails worded by the shop: commands that set and show templates, and what arrives at a real mail server."""

import re
from pathlib import Path

import pytest

from installations import Installation
from mail_offices import Mailbox, Office, listening, part
from shoppers import set_policy, sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS

TEMPLATE = ("mail", "template")


async def arrived(office: Office, **account: object) -> Mailbox:
    """The mail that somebody gets who signs up."""
    body = {"account": {"emailAddress": "jo@example.com", **account}, "password": PASSWORD}
    answer = await office.shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body)
    assert answer.status_code == 201, answer.text
    mailbox = Mailbox()
    async with listening(mailbox) as address:
        assert await office.send(url=f"smtp://{address}") == 1
    return mailbox


async def test_a_reader_gets_the_own_language(office: Office) -> None:
    [(_, message)] = (await arrived(office, localeCode="de-AT")).got

    assert message["Subject"] == "Willkommen bei Main street"
    assert message.get_content_type() == "multipart/alternative"
    assert [inner.get_content_type() for inner in message.iter_parts()] == ["text/plain", "text/html"]
    assert "Sie können sich unter https://shop.test anmelden." in part(message, "plain")
    assert '<html lang="de">' in part(message, "html")


async def test_a_site_words_its_mails_itself(office: Office, installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "welcome.txt").write_text("Bonjour ! {{ shop }} vous attend : {{ shop_url }}\n")
    (tmp_path / "welcome.html").write_text("<p>Bonjour &amp; bienvenue chez {{ shop }}</p>\n")
    await office.database.session().execute(
        "update site set name = 'Thé & Café' where tenant_id = $1", office.shop.tenant_id
    )
    office.shop.token = await office.shop.sign_in()

    said = installation.patron(
        *(*TEMPLATE, "set", "shopperLoginCreated", "--locale", "FR", "--subject", "Bienvenue chez {{ shop }}"),
        *("--text", str(tmp_path / "welcome.txt"), "--html", str(tmp_path / "welcome.html")),
    )
    assert "writes shopperLoginCreated in fr with its own template from now on." in said
    [(_, message)] = (await arrived(office, localeCode="fr-CA")).got

    assert message["Subject"] == "Bienvenue chez Thé & Café"
    assert part(message, "plain").strip() == "Bonjour ! Thé & Café vous attend : https://shop.test"
    assert part(message, "html").strip() == "<p>Bonjour &amp; bienvenue chez Thé &amp; Café</p>"
    listed = installation.patron("mail", "templates")
    assert f"fr (site {office.shop.site_id})" in listed
    assert "with the site's own in fr." in installation.patron(
        *TEMPLATE, "show", "shopperLoginCreated", "--locale", "fr-CA"
    )


async def test_a_code_arrives_as_the_site_words_it_and_signs_in(
    office: Office, installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "code.txt").write_text("Votre code : {{ code }} ({{ minutes }} minutes)\n")
    (tmp_path / "code.html").write_text("<b>{{ code }}</b>\n")
    installation.patron(
        *(*TEMPLATE, "set", "shopperSecondFactorCode", "--locale", "fr", "--subject", "Votre code"),
        *("--text", str(tmp_path / "code.txt"), "--html", str(tmp_path / "code.html")),
    )
    await arrived(office, localeCode="fr-FR")
    await set_policy(office.shop, second_factor={"always": True})
    first = (await sign_in(office.shop, "jo@example.com")).json()
    mailbox = Mailbox()
    async with listening(mailbox) as address:
        assert await office.send(url=f"smtp://{address}") == 1

    [(_, message)] = mailbox.got
    code = re.findall(r"Votre code : (\d{6}) \(3 minutes\)", part(message, "plain"))[0]
    done = await office.shop.post(f"{TICKETS}/2fa/auth", {"userId": first["userId"], "otpCode": code})

    assert (message["Subject"], part(message, "html").strip()) == ("Votre code", f"<b>{code}</b>")
    assert done.status_code == 201, done.text


async def test_a_mail_of_text_alone_is_one(office: Office, installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty.html").write_text("\n")
    installation.patron(*TEMPLATE, "set", "shopperLoginCreated", "--html", str(tmp_path / "empty.html"))

    [(_, message)] = (await arrived(office)).got

    assert message.get_content_type() == "text/plain"
    assert message["Subject"] == "Welcome to Main street"


async def test_a_template_that_serves_no_more_gives_way_to_ours(office: Office, installation: Installation) -> None:
    """An older release may have known a fact that ours does not."""
    installation.patron(*TEMPLATE, "set", "shopperLoginCreated", "--subject", "Hi from {{ shop }}")
    await office.database.session().execute(
        "update mail_template set subject = 'Hi {{ nickname }}' where tenant_id = $1", office.shop.tenant_id
    )

    [(_, message)] = (await arrived(office)).got

    assert message["Subject"] == "Welcome to Main street"


async def test_a_reset_brings_back_our_wording(office: Office, installation: Installation) -> None:
    installation.patron(*TEMPLATE, "set", "shopperLoginCreated", "--subject", "Hi from {{ shop }}")
    assert "Hi from Main street" in installation.patron(*TEMPLATE, "preview", "shopperLoginCreated")

    said = installation.patron(*TEMPLATE, "reset", "shopperLoginCreated")

    assert "has no template of its own for shopperLoginCreated in en-US any more." in said
    assert "with ours in en." in installation.patron(*TEMPLATE, "show", "shopperLoginCreated")
    [(_, message)] = (await arrived(office)).got
    assert message["Subject"] == "Welcome to Main street"
    assert "There is no template of this site" in installation.patron(
        *TEMPLATE, "reset", "shopperLoginCreated", status=1
    )


async def test_a_preview_shows_what_is_not_set_yet(office: Office, installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "reset.html").write_text('<a href="{{ link }}">{{ shop }}</a>')

    said = installation.patron(
        *(*TEMPLATE, "preview", "shopperPasswordReset", "--html", str(tmp_path / "reset.html"), "--part", "html")
    )

    assert said.strip() == (
        '<a href="https://shop.example/user/resetpasswordconfirm?t=1f0c&amp;u=7a2b">Main street</a>'
    )
    assert "within 72 hours" in installation.patron(*TEMPLATE, "preview", "shopperPasswordReset", "--part", "text")
    assert "own templates" in (listed := installation.patron("mail", "templates"))
    assert f"site {office.shop.site_id}" not in listed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "welcome"), "There is no kind of mail welcome. There are: shopperLoginCreated,"),
        (("show", "shopperLoginCreated", "--site", "9"), "Say which site with --site ID. There are: "),
        (("show", "shopperLoginCreated", "--tenant", "9"), "There is no tenant 9."),
        (("preview", "shopperLoginCreated", "--locale", "français"), "'français' is no locale: a locale is"),
        (("set", "shopperLoginCreated"), "Give --subject, --text or --html."),
        (("set", "shopperLoginCreated", "--subject", ""), "subject is empty."),
        (("set", "shopperLoginCreated", "--subject", "Hi {{ nick }}"), "subject, line 1: there is no fact nick."),
        (("preview", "shopperLoginCreated", "--subject", "Hi {{ shop"), "subject, line 1: unexpected end of template"),
        (
            ("set", "shopperSignInCode", "--subject", "{{ code }} is your code"),
            "subject may not say code: subjects are stored and shown in clear.",
        ),
        (("set", "shopperLoginCreated", "--text", "/nowhere/at.all"), "/nowhere/at.all cannot be read: No such file"),
        (("set", "shopperLoginCreated", "--html", "/dev/null", "--text", "/dev/null"), "text is empty."),
    ],
)
async def test_what_cannot_be_done_is_told_and_nothing_is_stored(
    office: Office, installation: Installation, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in installation.patron(*TEMPLATE, *arguments, status=1)

    stored = await office.database.session().value(
        "select count(*) from mail_template where tenant_id = $1", office.shop.tenant_id
    )
    assert stored == 0


async def test_another_tenants_templates_are_not_ours(office: Office, installation: Installation) -> None:
    other, site = re.findall(r"tenant (\d+) .* site (\d+)", installation.patron("tenant", "create", "Other"))[0]
    installation.patron(
        *TEMPLATE, "set", "shopperLoginCreated", "--subject", "Other", "--tenant", other, "--site", site
    )

    [(_, message)] = (await arrived(office)).got

    assert message["Subject"] == "Welcome to Main street"
