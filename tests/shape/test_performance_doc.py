"""docs/performance.md shows what was measured: its table is that of the stored results, and every scenario is in it."""

from bench.report import DOCUMENT, LATEST, load, markdown, put
from bench.scenarios import NOT_STORED, SCENARIOS


def test_the_document_shows_the_stored_results() -> None:
    text = DOCUMENT.read_text()

    assert markdown(load()) in text
    assert put(text, "results", markdown(load())) == text


def test_the_stored_results_are_of_a_whole_run() -> None:
    results = load()

    assert [point.name for point in results.points] == [s.name for s in SCENARIOS if s.name not in NOT_STORED]
    assert results.customers == 100_000
    assert results.storm is not None
    for point in results.points:
        assert abs(point.ratio - point.rps / point.floor_rps) < 1e-9, point.name


def test_the_results_have_the_fields_that_other_tools_read() -> None:
    text = LATEST.read_text()

    for name in ("machine", "points", "name", "rps", "p50_ms", "p99_ms", "server_cpu_us", "database_cpu_us"):
        assert f'"{name}":' in text
    for name in ("statements", "floor_rps", "ratio"):
        assert f'"{name}":' in text
