"""Turns a template and facts into a mail: Jinja2 in its sandbox, and of its language only what a mail needs.

A template knows facts, conditions, a few filters and the layout. It knows no loops, calls, attributes or sums, so
whoever may word a mail can neither reach anything else nor keep a process busy.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from patron.kernel.errors import Faults, Invalid
from patron.mails import model, wording
from patron.mails.kinds import facts_of
from patron.mails.model import Fact, Kind, Rendered

FILTERS = ("capitalize", "default", "escape", "lower", "title", "trim", "upper", "urlencode")
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.Not, nodes.And, nodes.Or, nodes.Filter, nodes.Keyword, nodes.Test),
    *(nodes.Extends, nodes.Block),
)
_TESTS = ("defined", "undefined")
# What a template that passes the checks may still come to when it is compiled or rendered.
TROUBLE = (TemplateError, TypeError, ValueError, RecursionError, SyntaxError, MemoryError)


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        autoescape=autoescape,
        undefined=StrictUndefined,
        loader=DictLoader({wording.LAYOUT: wording.layout()} if autoescape else {}),
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=8,
    )
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_TEXT = _environment(autoescape=False)
_HTML = _environment(autoescape=True)


@lru_cache(maxsize=512)
def _compiled(environment: ImmutableSandboxedEnvironment, source: str) -> Template:
    return environment.from_string(source)


def render(template: model.Template, facts: Mapping[str, str]) -> Rendered:
    """A mail with these facts. Raises one of `TROUBLE` for a template that `check` would refuse."""
    return Rendered(
        " ".join(_compiled(_TEXT, template.subject).render(facts).split()),
        _compiled(_TEXT, template.text).render(facts),
        _compiled(_HTML, template.html).render(facts) if template.html else None,
    )


def check(kind: Kind, template: model.Template) -> None:
    """Refuse a template that cannot be read, or says what its kind does not know. Raises Invalid naming part and line.

    A fact that the mail is worth nothing without must stand in the text and, if there is one, in the HTML.
    """
    faults = Faults()
    with faults.of():
        _check_part(kind, "subject", template.subject, _TEXT, model.SUBJECT_LENGTH_MAX)
    with faults.of():
        _check_part(kind, "text", template.text, _TEXT, model.BODY_LENGTH_MAX)
    if template.html:
        with faults.of():
            _check_part(kind, "html", template.html, _HTML, model.BODY_LENGTH_MAX)
    faults.tell()
    for facts in ({name: fact.sample for name, fact in facts_of(kind).items()}, dict.fromkeys(facts_of(kind), "")):
        try:
            render(template, facts)
        except TROUBLE as error:
            raise Invalid.field("template", f"The template cannot be used: {error}") from None


def _check_part(kind: Kind, part: str, source: str, environment: ImmutableSandboxedEnvironment, length: int) -> None:
    known, used = facts_of(kind), set()
    for node in _walk(_parsed(part, source, environment, length)):
        if fault := _fault(node, environment, known):
            raise Invalid.field(part, f"{part}, line {node.lineno}: {fault}")
        if isinstance(node, nodes.Name):
            used.add(node.name)
    needed = {name for name, fact in known.items() if fact.needed}
    if part == "subject" and (secret := sorted(needed & used)):
        raise Invalid.field(part, f"subject may not say {secret[0]}: subjects are stored and shown in clear.")
    if part != "subject" and (missing := sorted(needed - used)):
        raise Invalid.field(part, f"{part} does not say {missing[0]}, without which this mail is worth nothing.")


def _parsed(part: str, source: str, environment: ImmutableSandboxedEnvironment, length: int) -> nodes.Template:
    if not source.strip():
        raise Invalid.field(part, f"{part} is empty.", "missing")
    if len(source) > length:
        raise Invalid.field(part, f"{part} has more than {length} characters.", "too_long")
    try:
        return environment.parse(source)
    except TemplateSyntaxError as error:
        raise Invalid.field(part, f"{part}, line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise Invalid.field(part, f"{part} is nested too deeply.") from None


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """A node and all below it; without recursion, as a template may be nested deeply."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _fault(node: Any, environment: ImmutableSandboxedEnvironment, known: Mapping[str, Fact]) -> str | None:
    """What a mail's template does not know, as a sentence."""
    if not isinstance(node, _ALLOWED):
        return f"a template has facts, conditions and filters, and no {type(node).__name__.lower()}."
    if isinstance(node, nodes.Name) and node.name not in known:
        return f"there is no fact {node.name[:60]}. There are: {', '.join(known)}."
    if isinstance(node, nodes.Filter) and (node.node is None or node.name not in environment.filters):
        return f"there is no filter {node.name}. There are: {', '.join(FILTERS)}."
    if isinstance(node, nodes.Test) and node.name not in environment.tests:
        return f"there is no test {node.name}. There are: {', '.join(_TESTS)}."
    if isinstance(node, nodes.Extends) and not (
        isinstance(node.template, nodes.Const) and node.template.value == wording.LAYOUT and environment is _HTML
    ):
        return f"the only thing to extend is {wording.LAYOUT}, in HTML."
    return None
