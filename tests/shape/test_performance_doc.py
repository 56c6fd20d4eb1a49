"""docs/performance.md shows what was measured: its table is that of the stored results, and every scenario is in it."""

from pathlib import Path

import pytest
from bench import documents
from bench.report import DOCUMENT, LATEST, MILLION, load, markdown, put
from bench.scenarios import SCENARIOS, Scenario


def test_the_document_shows_the_stored_results() -> None:
    text = DOCUMENT.read_text()

    for name, file in (("results", LATEST), ("million", MILLION)):
        assert markdown(load(file)) in text
        assert put(text, name, markdown(load(file))) == text


@pytest.mark.parametrize(
    ("file", "customers", "scenarios"),
    [(LATEST, 100_000, (*SCENARIOS, *documents.SCENARIOS)), (MILLION, 1_000_000, SCENARIOS)],
)
def test_the_stored_results_are_of_a_whole_run(file: Path, customers: int, scenarios: tuple[Scenario, ...]) -> None:
    results = load(file)

    assert [point.name for point in results.points] == [scenario.name for scenario in scenarios]
    assert results.customers == customers
    assert results.storm is not None
    assert results.segments is not None
    for point in results.points:
        assert abs(point.ratio - point.rps / point.floor_rps) < 1e-9, point.name


def test_imports_were_measured() -> None:
    assert [one.contacts for one in load(LATEST).imported] == [1, 2]


def test_the_results_have_the_fields_that_other_tools_read() -> None:
    text = LATEST.read_text()

    for name in ("machine", "points", "name", "rps", "p50_ms", "p99_ms", "server_cpu_us", "database_cpu_us"):
        assert f'"{name}":' in text
    for name in ("statements", "floor_rps", "ratio"):
        assert f'"{name}":' in text
