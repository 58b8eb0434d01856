"""Dates and times: every form, zones, and what is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from socialml.errors import UserError
from socialml.ingest import inspect, zones


def events(*times: str) -> str:
    return "user_id;ts;action\n" + "".join(f"1;{time};view\n" for time in times)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2024-01-05", "2024-01-05 00:00"),
        ("2024-01-05 10:00:30", "2024-01-05 10:00:30"),
        ("2024-01-05T10:00", "2024-01-05 10:00"),
        ("2024-01-05T10:00:30.25", "2024-01-05 10:00:30.25"),
        ("2024-01-05T10:00:30Z", "2024-01-05 18:00:30"),
        ("2024-01-05 10:00:30 UTC", "2024-01-05 18:00:30"),
        ("2024-01-05 10:00:30+08:00", "2024-01-05 10:00:30"),
        ("2024-01-05T10:00:30-0500", "2024-01-05 23:00:30"),
        ("2024/1/5", "2024-01-05 00:00"),
        ("2024/1/5 9:05", "2024-01-05 09:05"),
        ("2024.01.05 09:05:01", "2024-01-05 09:05:01"),
        ("25-1-2024", "2024-01-25 00:00"),
        ("25.01.2024 09:05", "2024-01-25 09:05"),
        ("1/25/2024 9:05", "2024-01-25 09:05"),
        ("1/25/2024 9:05 PM", "2024-01-25 21:05"),
        ("1/25/2024 12:05:07 am", "2024-01-25 00:05:07"),
        ("2024年1月5日", "2024-01-05 00:00"),
        ("2024年01月05日 10:20:30", "2024-01-05 10:20:30"),
        ("2024年1月5日 下午3:04", "2024-01-05 15:04"),
        ("2024年1月5日15时4分", "2024-01-05 15:04"),
        ("5 Jan 2024", "2024-01-05 00:00"),
        ("05-Jan-2024 10:20", "2024-01-05 10:20"),
        ("January 5, 2024 3:04 PM", "2024-01-05 15:04"),
        ("20240105", "2024-01-05 00:00"),
        ("20240105102030", "2024-01-05 10:20:30"),
        ("1704420000", "2024-01-05 10:00"),
        ("1704420000.5", "2024-01-05 10:00:00.5"),
        ("1704420000250", "2024-01-05 10:00:00.25"),
    ],
)
def test_each_form(write, staged, text, local):
    made = staged(write(events(text)))
    assert made.column("ts_local") == [datetime.fromisoformat(local)]
    assert made.column("ts_utc") == [datetime.fromisoformat(local) - timedelta(hours=8)]


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-13-01", "31-02-2024", "soon", "infinity", "epoch", "12", "99:99"]
)
def test_no_time_is_a_reject(write, staged, text):
    made = staged(write(events("2024-01-05", text)))
    assert [(r["line"], r["value"], r["reason"]) for r in made.rejects] == [(3, text, "not a date or time")]


def test_impossible_years_are_rejects(write, staged):
    made = staged(write(events("2024-01-05", "0001-01-01", "9999-12-31")))
    assert made.receipt["reasons"] == {"date before 1900 or after 2199": 2}


def test_forms_of_one_column_are_read_each_by_its_own(write, staged):
    made = staged(
        write(events("2024-01-05", "2024/1/6 7:08", "1704420000", "1/25/2024", "2/3/2024", "25.1.2024"))
    )
    assert made.column("ts_local") == [
        datetime(2024, 1, 5),
        datetime(2024, 1, 6, 7, 8),
        datetime(2024, 1, 5, 10),
        datetime(2024, 1, 25),
        datetime(2024, 2, 3),
        datetime(2024, 1, 25),
    ]


def test_an_unclear_order_is_asked(write, staged):
    path = write(events("1/25/2024 9:00", "03-04-2024 10:00", "05-06-2024 11:00"))
    with pytest.raises(UserError) as error:
        staged(path)
    assert error.value.code == "date_order_unclear"
    assert "03-04-2024" in error.value.message
    assert "dmy: day, month, year, so 03-04-2024 10:00 is 3 April 2024" in error.value.hint
    assert "Suggested: mdy" in error.value.hint
    question = inspect(path).questions[0]
    assert (question["code"], question["suggestion"], question["rows"]) == ("date_order_unclear", "mdy", 2)
    assert [choice["value"] for choice in question["choices"]] == ["mdy", "dmy"]
    assert staged(path, date_order="dmy").column("ts_local")[1] == datetime(2024, 4, 3, 10)
    assert staged(path, date_order="mdy").column("ts_local")[1] == datetime(2024, 3, 4, 10)


def test_the_answer_does_not_override_what_the_values_say(write, staged):
    made = staged(write(events("25/1/2024", "3/4/2024")), date_order="mdy")
    assert made.column("ts_local") == [datetime(2024, 1, 25), datetime(2024, 4, 3)]


def test_both_orders_contradicted(write, staged):
    path = write(events("25/1/2024", "1/26/2024", "3/4/2024"))
    with pytest.raises(UserError):
        staged(path)
    made = staged(path, date_order="dmy")
    assert made.column("ts_local") == [datetime(2024, 1, 25), datetime(2024, 4, 3)]
    assert made.rejects[0]["value"] == "1/26/2024"


def test_two_digit_years_are_asked(write, staged):
    path = write(events("1/2/24", "13/2/24"))
    with pytest.raises(UserError):
        staged(path)
    assert staged(path, date_order="dmy").column("ts_local")[0] == datetime(2024, 2, 1)


def test_null_words_are_missing(write, staged):
    made = staged(write(events("2024-01-05", "NULL", "-")))
    assert made.receipt["reasons"] == {"missing": 2}


@pytest.mark.parametrize(
    "zone", ["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "UTC"]
)
def test_zone_arithmetic_is_the_zones_own(zone):
    info, utc = ZoneInfo(zone), ZoneInfo("UTC")
    with duckdb.connect() as con:
        for start in (datetime(1986, 1, 1), datetime(2023, 1, 1)):
            hours = [start + timedelta(minutes=30 * i) for i in range(2 * 24 * 400)]
            low, high = hours[0], hours[-1]
            sql = f"SELECT t, {zones.to_utc('t', zone, low, high)}, {zones.to_local('t', zone, low, high)}"
            span = f"generate_series(TIMESTAMP '{low}', TIMESTAMP '{high}', INTERVAL 30 MINUTE)"
            rows = con.execute(f"{sql} FROM (SELECT unnest({span}) AS t)").fetchall()
            assert len(rows) == len(hours)  # also in the hour that a change skips
            for moment, as_utc, as_local in rows:
                assert as_utc == moment.replace(tzinfo=info).astimezone(utc).replace(tzinfo=None)
                assert as_local == moment.replace(tzinfo=utc).astimezone(info).replace(tzinfo=None)


def test_other_zone(write, staged):
    made = staged(write(events("2024-03-10 02:30:00", "2024-07-01 00:00:00")), timezone="America/New_York")
    assert made.column("ts_utc") == [datetime(2024, 3, 10, 7, 30), datetime(2024, 7, 1, 4)]


def test_other_forms_after_a_head_of_iso_times(write, staged):
    """The head is believed only until the rest was read: what it could not read is judged again."""
    head = ["2024-01-05 10:00:00"] * 300
    made = staged(write(events(*head, "2024/1/6 7:08", "soon", "NULL", "2024-02-30")))
    assert made.column("ts_local")[-1] == datetime(2024, 1, 6, 7, 8)
    assert [(r["line"], r["value"], r["reason"]) for r in made.rejects] == [
        (303, "soon", "not a date or time"),
        (304, None, "missing"),
        (305, "2024-02-30", "not a date or time"),
    ]
    with pytest.raises(UserError) as error:
        staged(write(events(*head, "03-04-2024")))
    assert error.value.code == "date_order_unclear"
