"""The ways in which a request can fail, without a word of HTTP.

Each face has one table that turns these classes into its dialect's status, code and body. The text of an error may
be shown to the caller; internal detail goes to the log with the request id, never into an exception's text.
"""

from dataclasses import dataclass, replace
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field. `field` is the domain's name; the face turns it into the wire's."""

    field: str
    message: str
    code: str = "invalid"


class PatronError(Exception):
    """What all refusals have in common: a sentence for the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(PatronError):
    """Nobody proved who is calling, or the proof is no longer good."""


class BadCredentials(Unauthenticated):
    """The name or the secret of an application is wrong."""


class Forbidden(PatronError):
    """We know who is calling, and they may not do this."""


class NotFound(PatronError):
    """There is no such thing in the caller's tenant."""

    def __init__(self, noun: str, key: object) -> None:
        super().__init__(f"There is no {noun} {key}.")
        self.noun = noun
        self.key = str(key)


class Invalid(PatronError):
    """The input has no meaning: one problem for each field that is wrong."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].message)
        self.problems = problems

    @classmethod
    def field(cls, field: str, message: str, code: str = "invalid") -> "Invalid":
        """The common case of a single wrong field."""
        return cls(Problem(field, message, code))


class _Check:
    """A check under way: what it finds wrong is gathered. A class, because rows of imports make very many."""

    __slots__ = ("_prefix", "_problems")

    def __init__(self, problems: list[Problem], prefix: str) -> None:
        self._problems = problems
        self._prefix = prefix

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        if not isinstance(error, Invalid):
            return False
        self._problems += [replace(problem, field=f"{self._prefix}{problem.field}") for problem in error.problems]
        return True


class Faults:
    """Gathers what several checks find wrong, so that the caller hears all of it at once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._plain = _Check(self.problems, "")

    def of(self, prefix: str = "") -> _Check:
        """A check that may raise Invalid; its problems get `prefix` before their field, such as `[3].`."""
        return _Check(self.problems, prefix) if prefix else self._plain

    def tell(self) -> None:
        """Raise Invalid with all that was found; nothing if nothing was."""
        if self.problems:
            raise Invalid(*self.problems)


class BadAsk(PatronError):
    """A filter, sort, cursor or page that cannot be read; `parameter` is the part of the question that is wrong."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class Taken(PatronError):
    """A unique value is in use by somebody else."""

    def __init__(self, noun: str, field: str) -> None:
        super().__init__(f"Another {noun.replace('_', ' ')} already has this {field.replace('_', ' ')}.")
        self.noun = noun
        self.field = field


class Refused(PatronError):
    """The state of things does not allow this change; `code` is stable for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stale(PatronError):
    """The resource changed since the caller read it (If-Match names an older version)."""


class KeyReused(PatronError):
    """An Idempotency-Key came again with another request."""


class Locked(PatronError):
    """A row stayed locked by somebody else for longer than we wait."""


class Retry(Exception):
    """Two transactions got in each other's way; running the whole request again will do."""


class TooMany(PatronError):
    """A limit is reached; try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(PatronError):
    """Something that we need does not answer; try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def check_version(version: int, expect: frozenset[int] | None) -> None:
    """Refuse a write that was made for another version of the resource (If-Match, RFC 9110 13.1.1).

    `expect` holds the versions that the caller takes; None takes any. Raises Stale.
    """
    if expect is not None and version not in expect:
        raise Stale("The resource has changed since it was read.")
