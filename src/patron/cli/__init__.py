"""`patron`: the commands of the person who runs an installation."""

import typer

from patron.cli import (
    applications,
    keys,
    mail_templates,
    mails,
    running,
    seeding,
    sites,
    tenants,
    users,
    visits,
    webhooks,
)
from patron.cli.doctor import doctor
from patron.cli.exporting import export_customers
from patron.cli.importing import import_customers
from patron.cli.verifying import verify

app = typer.Typer(
    name="patron",
    help=(
        "Patron, the customer-accounts service for commerce.\n\n"
        "Commands work on the database of DATABASE_URL; without it, on the one that `patron serve` runs for the folder "
        "PATRON_HOME (.patron in the current folder, unless set)."
    ),
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # they hold secrets
    rich_markup_mode=None,
)
app.command()(running.serve)
app.command()(running.migrate)
app.command()(doctor)
app.command()(verify)
app.command()(seeding.seed)
app.command("import")(import_customers)
app.command("export")(export_customers)
app.add_typer(tenants.app, name="tenant")
app.add_typer(sites.app, name="site")
app.add_typer(applications.app, name="application")
app.add_typer(users.app, name="user")
app.add_typer(keys.app, name="keys")
app.add_typer(mails.app, name="mail")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(visits.app, name="visits")
mails.app.command("templates")(mail_templates.templates)
mails.app.add_typer(mail_templates.app, name="template")
