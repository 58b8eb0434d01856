"""kill -9 at five moments of an import, of which `make bench` takes fifty."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.bench_import_kills import ROADS, Kills

MOMENTS = [(ROADS[0], 0.1), (ROADS[0], 0.5), (ROADS[0], 0.8), (ROADS[1], 0.45), (ROADS[1], 0.75)]


def test_a_killed_import_leaves_before_or_after_and_no_file(tmp_path: Path) -> None:
    kills = Kills(tmp_path, 4_000)
    told = [kills.kill(road, share) for road, share in MOMENTS]
    assert [each for each in told if each["is"] == "between"] == []
    assert sum(each["alive"] for each in told) >= 3, "too few kills fell into an import to show anything"
    assert any(each["files_at_the_kill"] for each in told), "nothing was left that had to be cleared away"
    for road in ROADS[:2]:
        before, after, _ = kills.known(road)
        assert after["datasets"] != before["datasets"]
