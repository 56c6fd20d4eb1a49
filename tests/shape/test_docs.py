"""The documents say what is so: settings, error codes, behaviors, commands and links are compared with the code."""

import re
from dataclasses import fields
from pathlib import Path

import typer

from patron.cli import app as cli
from patron.kibo import errors
from patron.settings import Settings
from patron.tenants import policies
from patron.tenants.model import BEHAVIORS, PasswordPolicy, Policy, SecondFactorRule

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
KIBO = (ROOT / "docs/kibo.md").read_text()
README = (ROOT / "README.md").read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line] for line in lines]


def test_every_setting_is_documented_with_its_default_and_its_sentence() -> None:
    def shown(default: object) -> str:
        return "–" if default == "" else str(int(default)) if isinstance(default, bool) else str(default)

    documented = {name: (default, says) for name, default, says in rows(OPERATIONS, "Settings")}

    assert documented == {f.metadata["env"]: (shown(f.default), f.metadata["says"]) for f in fields(Settings)}


def test_every_setting_of_a_tenant_is_documented_with_its_default_and_its_sentence() -> None:
    documented = {name: (default, says) for name, default, says in rows(OPERATIONS, "A tenant's settings")}
    groups = {"password": PasswordPolicy, "second_factor": SecondFactorRule}
    fields_of_policy = {*Policy.__struct_fields__} - {*groups, "password_hook", "addresses"}
    in_groups = {f"{group}.{name}" for group, fields in groups.items() for name in fields.__struct_fields__}

    assert documented == {
        name: (policies.shown(policies.value(Policy(), name)) or "–", says) for name, says in policies.SAYS.items()
    }
    assert documented.keys() == fields_of_policy | in_groups | {"addresses.strict", "addresses.needs_phone"}


def test_every_figure_is_documented() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    figures = set(re.findall(r'(?:Counter|Histogram|Gauge)\(\s*"(patron_\w+)"', source))

    assert {row[0] for row in rows(OPERATIONS, "Watching it")} == figures
    assert {name.removesuffix("_bucket") for name in re.findall(r"\bpatron_\w+", OPERATIONS)} <= figures


def test_the_readme_names_only_settings_that_exist() -> None:
    named = {row[0] for row in rows(README, "Settings")}

    assert named <= {f.metadata["env"] for f in fields(Settings)}
    assert "make serve" in README.split("##")[0]
    assert "make test" in README.split("##")[0]


def test_every_error_code_is_documented_with_its_status() -> None:
    documented = {code: int(status) for code, status, _ in rows(KIBO, "Errors")}

    assert documented == errors.STATUSES


def test_every_behavior_is_documented() -> None:
    assert set(re.findall(r"`([a-z-]+:[a-z-]+)`", KIBO)) == set(BEHAVIORS)


def test_every_command_is_documented() -> None:
    group = typer.main.get_command(cli)
    commands = {f"patron {name}" for name in group.commands}  # type: ignore[attr-defined]

    assert {row[0] for row in rows(OPERATIONS, "The first shop")} == commands
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        for verb in getattr(command, "commands", {}):
            assert f"`{verb}`" in next(
                line for line in OPERATIONS.splitlines() if line.startswith(f"| `patron {name}`")
            )


def test_the_image_is_made_of_files_that_exist_and_are_let_through() -> None:
    steps = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {name for step in steps if step.startswith("COPY ") for name in step.split()[1:-1]}
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_links_between_documents_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} → {target}"


def test_every_runtime_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    block = project.split("dependencies = [")[1].split("]\n")[0] + project.split("dev = [")[1].split("]\n")[0]
    names = {re.split(r"[\[>=<]", name)[0] for name in re.findall(r'"([^"]+)"', block)}
    explained = (ROOT / "docs/dependencies.md").read_text()

    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", explained)} == set()
