"""What a webhook is, and the rules of its deliveries: pure, without I/O."""

import random
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

Kind = Literal["jsonapi", "kibo", "standard"]

NAME_LENGTH_MAX = 200
INCLUDES_MAX = 30
SECRET_PURPOSE = "webhook secret"

OPENS_AFTER = 30
WARNS_AFTER = 5
# A claim is given up after this time, when the worker that made it is gone. Longer than any call takes.
LEASE = timedelta(seconds=15)
JITTER = 0.25


class Pace(msgspec.Struct, frozen=True):
    """How a kind of webhook is called: for how long, when again, until when.

    `growth` multiplies the pause from one retry to the next. `breaks`: many failures in a row open its circuit.
    """

    seconds: float
    retries_max: int
    growth: float
    pause_first: timedelta = timedelta(seconds=1)
    lease: timedelta = LEASE
    breaks: bool = True

    def pause(self, attempts: int, chance: float) -> timedelta | None:
        """How long to wait after so many failed attempts; None: no more of them. `chance` is from 0 to 1."""
        if attempts > self.retries_max:
            return None
        return self.pause_first * self.growth ** (attempts - 1) * (1 + JITTER * (2 * chance - 1))


# Ten retries in about eight hours (Commerce Layer behaviour 8). Once a minute for 14 days (Kibo behaviour 15).
_QUICK = Pace(seconds=5, retries_max=10, growth=3)
PACES: dict[Kind, Pace] = {
    "jsonapi": _QUICK,
    "standard": _QUICK,
    "kibo": Pace(
        seconds=45,
        retries_max=14 * 24 * 60,
        growth=1,
        pause_first=timedelta(minutes=1),
        lease=timedelta(seconds=60),
        breaks=False,
    ),
}


class Webhook(msgspec.Struct, frozen=True):
    """An address that hears of events. The fields stand in the order of `queries.COLUMNS`."""

    id: int
    version: int
    kind: Kind
    name: str | None
    topics: list[str]
    url: str
    includes: list[str]
    sealed_secret: bytes
    disabled_at: datetime | None
    circuit: str
    failures: int

    @property
    def pace(self) -> Pace:
        """How it is called."""
        return PACES[self.kind]

    def wants(self, topic: str | None) -> bool:
        """Whether it hears of a topic of its own dialect."""
        return topic is not None and (topic in self.topics or "*" in self.topics)


class Happened(msgspec.Struct, frozen=True):
    """An event, as those who are told of it need it. `dialect_topic` is its name in the second dialect, if any."""

    id: int
    at: datetime
    topic: str
    account_id: int | None
    subject: str
    changes: dict[str, Any]
    site_id: int | None
    request_id: str
    dialect_topic: str | None


class Delivery(msgspec.Struct, frozen=True):
    """An event on its way to a webhook: the claim of one attempt. `topic` is the webhook's dialect's."""

    attempt_id: int
    id: int
    topic: str
    attempts: int
    body: bytes | None
    event: Happened


class Message(msgspec.Struct, frozen=True):
    """What is sent."""

    body: bytes
    headers: dict[str, str]


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended: the status of the answer (None: there was none) and a word for people."""

    status: int | None
    message: str

    def is_good(self, kind: Kind) -> bool:
        """Whether the receiver has it. Kibo's receivers say just 200 (behaviour 15)."""
        return self.status is not None and (self.status == 200 if kind == "kibo" else 200 <= self.status < 300)


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as a caller wrote it: what is UNSET stays as it is."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    topics: list[str] | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType | None = msgspec.UNSET
    includes: list[Any] | msgspec.UnsetType | None = msgspec.UNSET
    reference: str | msgspec.UnsetType | None = msgspec.UNSET
    reference_origin: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


def chance() -> float:
    """A fresh number from 0 to 1 for jitter."""
    return random.random()  # noqa: S311 - no secret
