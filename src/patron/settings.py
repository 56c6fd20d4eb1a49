"""What an operator can set, read once from the environment."""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from patron.kernel.secrets import read_key


def setting(name: str, says: str, default: object) -> Any:
    """A field of `Settings` with the name of its environment variable and the sentence that documents it."""
    return field(default=default, metadata={"env": name, "says": says})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. docs/operations.md lists them; a test compares both."""

    home: Path = setting("PATRON_HOME", "Folder for data, keys and demo.json.", Path(".patron"))
    database_url: str = setting("DATABASE_URL", "PostgreSQL to use; without it one is run in PATRON_HOME.", "")
    secret_key: str = setting("PATRON_SECRET_KEY", "32 bytes as base64url; without it a key file is made.", "")
    host: str = setting("PATRON_HOST", "Address to listen on.", "127.0.0.1")
    port: int = setting("PORT", "Port to listen on.", 8000)
    workers: int = setting("PATRON_WORKERS", "Server processes; 0 means one a core.", 0)
    base_url: str = setting("PATRON_BASE_URL", "How the outside reaches us; default from host and port.", "")
    domain: str = setting(
        "PATRON_DOMAIN", "Domain of the second API: https://<organization>.<domain>/api.", "patron.localhost"
    )
    requests_per_minute: int = setting(
        "PATRON_REQUESTS_PER_MINUTE",
        "How often one address may call the second API, in each server process; 0: no limit.",
        6_000,
    )
    token_requests_per_minute: int = setting(
        "PATRON_TOKEN_REQUESTS_PER_MINUTE", "How often one address may ask there for a token; 0: no limit.", 600
    )
    address_header: str = setting(
        "PATRON_ADDRESS_HEADER", "Header in which your proxy tells the caller's address: its last entry counts.", ""
    )
    smtp_url: str = setting("PATRON_SMTP_URL", "smtp(s)://user:password@host:port; without it mails are kept.", "")
    mail_from: str = setting("PATRON_MAIL_FROM", "Sender of all mails.", "Patron <no-reply@localhost.localdomain>")
    log_level: str = setting("PATRON_LOG_LEVEL", "debug, info, warning or error.", "info")
    legacy_reset: bool = setting(
        "PATRON_LEGACY_RESET_ANSWER", "1: Reset-Password tells that a user is unknown, as Kibo once did.", False
    )
    private_hooks: bool = setting(
        "PATRON_PRIVATE_HOOKS", "1: hooks of tenants may be in your own network, and without HTTPS.", False
    )

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment. Raises ValueError naming the variable that cannot be read."""
        given: dict[str, object] = {}
        for f in fields(cls):
            text = os.environ.get(f.metadata["env"], "").strip()
            if text:
                given[f.name] = _read(f.metadata["env"], text, f.default)
        return cls(**given)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        """How the outside reaches us, without a final slash."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def issuer(self) -> str:
        """What our tokens name as their issuer."""
        return "patron"

    @property
    def key(self) -> bytes:
        """The installation's secret key: from the environment, else from the key file in `home`."""
        return read_key(self.secret_key, self.home / "secret.key")


def _read(name: str, text: str, default: object) -> object:
    try:
        if isinstance(default, bool):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
        if isinstance(default, int):
            return int(text)
    except (KeyError, ValueError):
        raise ValueError(f"{name} cannot be read: {text!r}") from None
    return Path(text) if isinstance(default, Path) else text
