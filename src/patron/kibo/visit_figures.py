"""What a shop's visits add up to, in this dialect. Our extension: the contract has no such call (docs/visits.md)."""

from datetime import date, timedelta
from typing import Any, cast

import msgspec

from patron.customers import visit_figures
from patron.customers.visit_figures import BY, Figures, Per, Question
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kibo import filters
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.visits import NAMES
from patron.kibo.wire import Int32, Wire
from patron.visits import queries
from patron.visits.model import CHANNELS
from patron.web.operations import Call, Operation, Param

DAYS = 30  # without `from`


class VisitFigures(Wire):
    """Visits of a day or week. What is not told apart is null.

    `conversions` are visits that led to an order, `conversionRate` is their share of all.
    """

    date: str | None = None
    web_site_id: Int32 | None = None
    channel: str | None = None
    device_class: str | None = None
    segment: str | None = None
    visits: Int32 = 0
    visitors: Int32 = 0
    new_visitors: Int32 = 0
    returning_visitors: Int32 = 0
    conversions: Int32 = 0
    conversion_rate: float = 0.0


class VisitAnalytics(Wire):
    """The days of the question, both included, the figures in the order of time, and those of all visits together.

    Days without visits are left out. There is no total where segments are told apart.
    """

    from_: str = msgspec.field(name="from")
    to: str
    per: str
    time_zone: str
    items: list[VisitFigures]
    total: VisitFigures | None = None


def shown(one: Figures) -> VisitFigures:
    """Figures as this dialect shows them."""
    channel = one.parts.get("channel")
    return VisitFigures(
        date=one.start.isoformat() if one.start else None,
        web_site_id=cast("int | None", one.parts.get("site")),
        channel=CHANNELS[str(channel)] if channel else None,
        device_class=cast("str | None", one.parts.get("device")),
        segment=cast("str | None", one.parts.get("segment")),
        visits=one.visits,
        visitors=one.visitors,
        new_visitors=one.new_visitors,
        returning_visitors=one.visitors - one.new_visitors,
        conversions=one.converted,
        conversion_rate=round(one.converted / one.visits, 6) if one.visits else 0.0,
    )


async def get_analytics(ctx: Ctx, call: Call) -> Any:
    """Visits, visitors (new and returning) and conversions, per day or week, by site, channel, device and segment."""
    last = _day(call, "to") or ctx.now.date()
    first = _day(call, "from") or last - timedelta(days=DAYS - 1)
    per = str(call.query.get("per", "day")).strip().lower()
    if per not in ("day", "week"):
        raise Invalid.field("per", "is day or week")
    asked = Question(
        first=first,
        last=last,
        per=cast("Per", per),
        zone=call.query.get("timeZone", "UTC").strip(),
        by=_by(call),
        segment=call.query.get("segment"),
        filter=filters.bind(filters.parse(call.query.get("filter")), NAMES, queries.FIELDS),
    )
    found = await visit_figures.figures(ctx, asked)
    return VisitAnalytics(
        from_=first.isoformat(),
        to=last.isoformat(),
        per=per,
        time_zone=asked.zone,
        items=[shown(one) for one in found.rows],
        total=shown(found.total) if found.total else None,
    )


def _day(call: Call, name: str) -> date | None:
    text = call.query.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid.field(name, "is a day, such as 2026-11-30") from None
    if not 1970 <= day.year <= 9_000:
        raise Invalid.field(name, "is a day of our time")
    return day


def _by(call: Call) -> tuple[str, ...]:
    named = [name.strip().lower() for name in call.query.get("by", "").split(",") if name.strip()]
    if set(named) - BY.keys():
        raise Invalid.field("by", f"names some of {', '.join(BY)}")
    return tuple(dict.fromkeys(named))


_PARAMETERS = (
    Param("from", description="The first day, such as 2026-11-01; without it, 30 days before the last."),
    Param("to", description="The last day; without it today."),
    Param("per", description="day or week; weeks begin on Monday."),
    Param("by", description="What is told apart: some of site, channel, device, segment."),
    Param("timeZone", description="Whose days are meant, such as Europe/Berlin; UTC without it."),
    Param("segment", description="The code of a segment: its accounts' visits only."),
    Param("filter", description="As in the list of visits: deviceClass ne bot"),
    RESPONSE_FIELDS,
)

OPERATIONS = (
    Operation(
        "CustomerVisit", "getVisitAnalytics", "GET", "/commerce/customer/visits/analytics", get_analytics,
        scope="customer:read", query=_PARAMETERS, answer=VisitAnalytics, summary="Add up visits",
    ),
)  # fmt: skip
