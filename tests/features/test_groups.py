from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialml.artefacts import Table
from socialml.features import groups
from socialml.store import Store


@pytest.fixture
def users(store: Store) -> Table:
    path = store.runs_dir / "users.parquet"
    pq.write_table(
        pa.table(
            {
                "user_id": ["007", "8", "9"],
                "segment": pa.array([0, 1, 1], pa.int8()),
                "monetary": [30.0, 60.0, 30.0],
            }
        ),
        path,
    )
    return Table(path)


def test_value_is_each_segments_revenue(store: Store, users: Table) -> None:
    found = groups.value(store, users)
    assert found["revenue"].tolist() == [30, 90]
    assert found["revenue_share"].tolist() == [0.25, 0.75]


def test_a_customer_is_found_by_its_number_letter_by_letter(store: Store, users: Table) -> None:
    assert groups.member(store, users, "007") == 0
    assert groups.member(store, users, "7") is None
    assert groups.member(store, users, "' OR 1=1 --") is None
