"""Columns that say who a person is, and customers' ids kept as hashes."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

import pytest

from socialml.errors import UserError
from socialml.ingest import hashing, inspect, mended, stage, task
from socialml.ingest.options import Options
from socialml.ingest.privacy import judge
from socialml.store import pseudonyms
from socialml.store.pseudonyms import Pseudonyms

RNG = random.Random(7)
AREAS = [
    "130",
    "131",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "170",
    "176",
    "180",
    "186",
    "188",
    "199",
]


def mobiles(count: int) -> list[str]:
    return [f"{RNG.choice(AREAS)}{RNG.randrange(10**8):08d}" for _ in range(count)]


def id_cards(count: int) -> list[str]:
    """Numbers with the check digit of ISO 7064 MOD 11-2, worked out by trying: s = 2 s + d from the left gives 1."""
    made = []
    for _ in range(count):
        born = date(1950, 1, 1) + timedelta(RNG.randrange(20_000))
        body = f"{RNG.choice((110101, 310104, 440305, 510107))}{born:%Y%m%d}{RNG.randrange(1000):03d}"
        rest = 0
        for digit in body:
            rest = (rest + int(digit)) * 2 % 11
        made.append(body + "10X98765432"[rest])
    return made


PRIVATE = {
    "mobiles": ("phone", mobiles(200)),
    "five mobiles": ("phone", ["13812345678", "15987654321", "18600001111", "17712340000", "13911112222"]),
    "one area": ("phone", [f"138{RNG.randrange(10**8):08d}" for _ in range(60)]),
    "from pandas": ("phone", [f"{number}.0" for number in mobiles(50)]),
    "country code": (
        "phone",
        ["+86 13812345678", "+8613912345678", "0086-138-1234-5678", "86" + mobiles(1)[0]],
    ),
    "written": ("phone", ["138-1234-5678", "139 1234 5678", "138****5678", "010-62345678"]),
    "abroad": ("phone", ["+44 20 7946 0958", "+1 415 555 2671", "(212) 555-0199", "415-555-2671"]),
    "mail": ("email", ["li@example.com", "Wang <wang.x+y@mail.example.cn>", "a_b@x.io"]),
    "id cards": ("id_card", id_cards(40)),
    "old id cards": ("id_card", [card[:6] + card[8:17] for card in id_cards(40)]),
    "most of them": ("phone", mobiles(14) + ["未留", "前台代收", "见备注"] * 2),
}
NOT_PRIVATE = {
    "counted order numbers": [str(13_800_000_000 + i) for i in range(300)],
    "three counted": ["13800000001", "13800000002", "13800000003"],
    "dated order numbers": [
        f"{y}{m:02d}{d:02d}{s:05d}" for y in (16, 17, 18) for m in range(1, 13) for d in (1, 9, 27) for s in (1, 2)
    ],
    "ids of 11 digits": [str(RNG.randrange(10**10, 10**11)) for _ in range(300)],
    "epoch seconds": [str(1_690_000_000 + i * 977) for i in range(300)],
    "epoch milliseconds": [str(1_690_000_000_000 + i * 97_700) for i in range(300)],
    "order numbers of 18 digits": [str(RNG.randrange(10**17, 10**18)) for _ in range(300)],
    "order numbers of 19 digits": [str(RNG.randrange(10**18, 10**19)) for _ in range(300)],
    "15 digits": [str(RNG.randrange(10**14, 10**15)) for _ in range(300)],
    "15 digits with a date": [f"100001190305{i:03d}" for i in range(100)],
    "signed amounts": ["+12.50", "-3.00", "+1234567", "+88.00"],
    "dates": ["2024-01-02", "01-02-2024", "2024/3/4"],
    "comments that name one": ["call 13812345678", "nice", "@host hello", "好看", "a@b.com is my mail", "ok"],
    "Amazon's order numbers": [f"112-{RNG.randrange(10**7):07d}-{RNG.randrange(10**7):07d}" for _ in range(30)],
}  # fmt: skip


@pytest.mark.parametrize("case", PRIVATE, ids=str)
def test_a_column_is_found_by_its_values(case):
    what, cells = PRIVATE[case]
    found = judge("c", cells)
    assert found is not None
    assert found.what == what


@pytest.mark.parametrize("case", NOT_PRIVATE, ids=str)
def test_digits_alone_are_no_reason(case):
    assert judge("c", NOT_PRIVATE[case]) is None


@pytest.mark.parametrize(
    ("header", "cells", "what"),
    [
        ("手机号", ["13800000001", "13800000002"], "phone"),  # counted, but the header says it
        ("Receiver Phone", ["62345678", "62345679", ""], "phone"),
        ("收货人手机", ["138****0001", "139****0002"], "phone"),
        ("身份证号", ["110101********123X"], "id_card"),
        ("E-mail", ["li@intranet"], "email"),
        ("手机型号", ["13812345678"], None),
        ("phone", ["iPhone 12", "Xiaomi 9"], None),
        ("mobile", ["3", "12"], None),  # visits
        ("contact_phone_no", ["62345678"], "phone"),
        ("buyerMobile", ["62345678"], "phone"),
        ("Tel.", ["6234 5678"], "phone"),
        ("iphone_revenue", ["12345678"], None),
        ("phone sales", ["12345678"], None),
        ("手机销售额", ["12345678"], None),
        ("hotel_number", ["12345678"], None),
        ("email_opened", ["yes", "no"], None),
    ],
)
def test_a_header_makes_do_with_weaker_values(header, cells, what):
    found = judge(header, [cell for cell in cells if cell])
    assert (found.what if found else None) == what


def test_numbers_that_the_header_calls_orders_are_no_phones():
    assert judge("订单编号", mobiles(100), numbers=True) is None


def orders(rows: int = 60) -> list[str]:
    lines = ["buyer_id,order_id,order_date,amount,手机号,region"]
    phones = mobiles(rows)
    return lines + [
        f"00{i % 7},{13_800_000_000 + i},2024-01-{i % 28 + 1:02d},{i}.5,{phones[i]},{phones[i]}"
        for i in range(rows)
    ]


def test_private_columns_are_left_out_of_rows_rejects_and_receipt(write, staged):
    lines = orders()
    lines[5] = lines[5].replace(",4.5,", ",abc,")
    lines[9] += ",one cell too many"
    phone = lines[5].split(",")[4]
    made = staged(write("\n".join(lines)))
    assert [one["header"] for one in made.receipt["left_out"]] == ["手机号", "region"]
    assert "region" not in made.receipt["mapping"]
    assert set(made.column("region")) == {None}
    assert made.column("order_id")[0] == "13800000000"  # what the header calls an order number stays
    assert [(reject["line"], reject["row"]) for reject in made.rejects] == [
        (6, "004,13800000004,2024-01-05,abc,,"),
        (10, None),
    ]
    assert phone not in str(made.receipt) + str(made.rejects) + str(made.rows)
    assert made.warned()["private_left_out"] == 2
    assert made.warned()["rows_not_shown"] == 1


def test_a_column_that_is_wanted_stays(write, staged):
    made = staged(write("\n".join(orders())), kind="records", keep=("手机号",))
    assert list(made.rows[0]) == ["buyer_id", "order_id", "order_date", "amount", "手机号"]
    assert made.warned()["private_kept"] == 1
    assert made.warned()["private_left_out"] == 1


def test_customers_called_by_their_phone_stay_and_are_told(write, staged):
    lines = ["phone,ts,action"] + [f"{phone},2024-01-05,view" for phone in mobiles(30)]
    path = write("\n".join(lines))
    mapping = {"user_id": "phone", "ts": "ts", "action": "action"}
    made = staged(path, kind="events", mapping=mapping)
    assert made.column("user_id") == [line[:11] for line in lines[1:]]
    assert made.warned() == {"private_user_ids": 1}
    found = inspect(path, kind="events", mapping=mapping).private
    assert [(one["header"], one["what"], one["needed"]) for one in found] == [("phone", "phone", True)]


def test_values_further_down_are_looked_at_where_the_first_rows_have_none(write, staged):
    lines = ["user_id,ts,action,contact"] + ["1,2024-01-05,view,"] * 3_000
    lines += [f"1,2024-01-05,view,{phone}" for phone in mobiles(25)]
    assert [one["header"] for one in staged(write("\n".join(lines))).receipt["left_out"]] == ["contact"]


# ---- hashed ids


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "store.key"
    pseudonyms.read_or_make(file)
    return file


CASES = {
    "events": "user_id,ts,action\n{0},2024-01-05,view\n{1},2024-01-05,buy\n{0},x,view\n",
    "orders": "买家ID,order_id,下单时间,金额\n{0},1,2024-01-05,3\n{1},2,2024-01-05,4\n{0},3,x,4\n",
    "users": "user_id,age\n{0},30\n{1},31\n{0},old\n",
    "impressions": "user_id,ts,category,purchases\n{0},2024-01-05,a,0\n{1},2024-01-05,b,1\n{0},x,a,1\n",
    "records": "member_id,spent,note\n{0},1,a\n{1},2,b\n{0},3,c\n",
}


@pytest.mark.parametrize("kind", CASES)
def test_no_id_is_left_and_the_same_id_has_the_same_hash_in_every_kind(kind, write, staged, key):
    names, first, second = pseudonyms.read(key), "0012345678901234567", "匿名 买家"
    made = staged(write(CASES[kind].format(f"{first}\t", second)), kind=kind, id_key=key)
    column = made.column("member_id" if kind == "records" else "user_id")
    assert column[:2] == [names.of(first), names.of(second)]
    everything = f"{made.receipt}{made.rejects}{made.rows}"
    assert first not in everything
    assert second not in everything
    assert (made.receipt["user_ids"], made.receipt["id_key"]) == ("hashed", names.fingerprint)
    if kind != "records":
        assert made.rejects[0]["row"].startswith(names.of(first))


def test_rows_keep_their_order_and_those_without_a_customer_stay_so(write, staged, key):
    names = pseudonyms.read(key)
    users = [RNG.choice(["a", "b", "null", "", "c\t"]) for _ in range(5_000)]
    lines = ["user_id,ts,action,pages"] + [f"{user},{'x' if i % 50 == 3 else '2024-01-05'},view,{i}"
                                           for i, user in enumerate(users)]  # fmt: skip
    made = staged(write("\n".join(lines)), id_key=key)
    hashed = {"": None, "null": None, "a": names.of("a"), "b": names.of("b"), "c\t": names.of("c")}
    assert [(row["pages"], row["user_id"]) for row in made.rows] == [
        (i, hashed[user]) for i, user in enumerate(users) if i % 50 != 3
    ]


def test_decimals_that_pandas_added_are_no_part_of_an_id(write, staged, key):
    made = staged(write("user_id,ts,action\n17850.0,2024-01-05,view\n17850.0,soon,view\n"), id_key=key)
    one = pseudonyms.read(key).of("17850")
    assert made.column("user_id") == [one]
    assert made.rejects[0]["row"] == f"{one},soon,view"


def test_other_columns_named_like_a_customer_are_hashed_in_the_rejects(write, staged, key):
    made = staged(
        write("user_id,ts,action,会员编号\nu1,2024-01-05,view,M-77\nu2,soon,view,M-78\n"), id_key=key
    )
    assert re.fullmatch("h[0-9a-f]{32},soon,view,h[0-9a-f]{32}", made.rejects[0]["row"])


def test_mended_rejects_of_hashed_ids_find_the_customer_again(store, write, tmp_path):
    from socialml.export import csv_bytes

    task.ingest_file(
        store, write("user_id,ts,action\nu1,2024-01-05,view\nu1,soon,buy\n"), "shop", hash_ids=True
    )
    info = store.imports("shop")[0]
    again = tmp_path / "again.csv"
    again.write_bytes(csv_bytes(mended.table(info.rejects, info.receipt)).replace(b"soon", b"2024-01-07"))
    assert task.ingest_file(store, again, "shop", hash_ids=True)["rows_accepted"] == 1
    with store.read() as con:
        assert store.events(con, "shop").aggregate("count(DISTINCT user_id), count(*)").fetchone() == (1, 2)


def test_a_row_of_two_hundred_columns_and_more_is_hashed_too(write, staged, key):
    more = [f"x{i}" for i in range(250)]
    lines = [",".join(["user_id", "ts", "action", *more])]
    lines += [
        ",".join([user, when, "view", *more])
        for user, when in (("u-secret", "2024-01-05"), ("u-secret", "soon"))
    ]
    made = staged(write("\n".join(lines)), id_key=key)
    assert "u-7" not in f"{made.rows}{made.rejects}{made.receipt}"


def test_all_files_of_a_dataset_are_treated_alike(store, write):
    events = write("user_id,ts,action\nu1,2024-01-05,view\n")
    later = write("user_id,ts,action\nu1,2024-02-05,view\n", "later.csv")
    creators = write("creator_id,channel,followers,price\nc1,Douyin,5,3\n", "creators.csv")
    task.ingest_file(store, creators, "hashed")  # holds no customer, so it settles nothing
    receipt = task.ingest_file(store, events, "hashed", hash_ids=True)
    with pytest.raises(UserError, match="holds hashed customer ids") as refused:
        task.ingest_file(store, later, "hashed")
    assert refused.value.code == "ids_hashed"
    assert "--hash-ids" in refused.value.hint
    assert task.ingest_file(store, later, "hashed", hash_ids=True)["id_key"] == receipt["id_key"]
    task.ingest_file(store, events, "plain")
    with pytest.raises(UserError, match="as they are") as refused:
        task.ingest_file(store, later, "plain", hash_ids=True)
    assert refused.value.code == "ids_plain"
    assert store.tables("hashed") == {"creators": 1, "events": 2}
    assert store.tables("plain") == {"events": 1}
    with store.read() as con:
        users = {row[1] for row in store.events(con, "hashed").fetchall()}
    assert len(users) == 1
    store.undo_last_import("plain")
    task.ingest_file(store, later, "plain", hash_ids=True)  # with no customer left, it is open again


def test_a_lost_key_is_told_and_nothing_changes(store, write):
    path = write("user_id,ts,action\nu1,2024-01-05,view\n")
    task.ingest_file(store, path, "shop", hash_ids=True)
    text, version = store.key_file.read_text(), store.version("shop")
    for content, code in (
        (None, "id_key_lost"),
        ("ab" * 32, "id_key_other"),
        ("no key", "id_key_unreadable"),
    ):
        store.key_file.unlink(missing_ok=True)
        if content:
            store.key_file.write_text(content)
        with pytest.raises(UserError) as refused:
            task.ingest_file(store, path, "shop", hash_ids=True)
        assert refused.value.code == code
        assert str(store.key_file) in refused.value.message
        assert store.key_file.exists() == bool(content)  # no new key in place of a lost one
        assert store.version("shop") == version
    store.key_file.write_text(text)
    assert task.ingest_file(store, path, "shop", hash_ids=True)["rows_already_there"] == 1


def test_the_key_is_not_in_the_store(store, write):
    task.ingest_file(store, write("user_id,ts,action\nu1,2024-01-05,view\n"), "shop", hash_ids=True)
    key = store.key_file
    assert key.parent == store.path.parent
    assert store.folder not in key.parents
    assert key.stat().st_mode & 0o777 == 0o600
    text = key.read_text().strip().encode()
    kept = [path for path in store.folder.rglob("*") if path.is_file()] + [store.path]
    assert not any(
        text in path.read_bytes() or bytes.fromhex(text.decode()) in path.read_bytes() for path in kept
    )


def test_another_key_gives_other_hashes():
    one, other = Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)
    assert one.of("u1") != other.of("u1")
    assert one.fingerprint != other.fingerprint
    assert other.of(one.of("u1")) != one.of("u1")  # only a key's own hashes stay what they are
    assert one.of(one.of("u1")) == one.of("u1")
    assert len({one.of(str(i)) for i in range(1_000)}) == 1_000


def test_settings_are_checked():
    given = {"path": "a.csv", "dataset": "shop"}
    assert task.Config.from_json({**given, "keep": ["手机号"], "hash_ids": True}).keep == ("手机号",)
    for name, value in (("hash_ids", "yes"), ("keep", "手机号"), ("keep", [1])):
        with pytest.raises(UserError, match=name):
            task.Config.from_json({**given, name: value})


def test_no_row_is_lost_between_the_batches_that_are_hashed_at_once(write, staged, key, monkeypatch):
    monkeypatch.setattr(hashing, "_BATCH", 1_000)
    monkeypatch.setattr(hashing, "_REMEMBERED", 300)
    made = staged(
        write("user_id,ts,action\n" + "".join(f"u{i},2024-01-05,view\n" for i in range(5_000))), id_key=key
    )
    names = pseudonyms.read(key)
    assert made.column("user_id") == [names.of(f"u{i}") for i in range(5_000)]


def test_the_key_must_be_there(write, tmp_path):
    """Without it ids are not stored as they are in silence."""
    with pytest.raises(UserError, match="no key"):
        stage(
            write(CASES["events"].format("u1", "u2")), tmp_path / "out", Options(id_key=tmp_path / "gone.key")
        )


@pytest.mark.parametrize("first", ["1", ""], ids=["one customer", "nobody"])
def test_many_first_rows_of_one_customer_are_no_flags(first, write, staged, key):
    lines = ["member,spent"] + [f"{first},1"] * 300 + ["u-secret,2"]
    made = staged(write("\n".join(lines)), kind="records", id_key=key)
    names = pseudonyms.read(key)
    assert set(made.column("member")) == {names.of("u-secret"), names.of("1") if first else None}
    flags = staged(write("member,spent\n" + "yes,1\nno,2\n" * 150, "flags.csv"), kind="records", id_key=key)
    assert set(flags.column("member")) == {True, False} or set(flags.column("member")) == {"yes", "no"}


def test_a_number_is_hashed_by_nobody_whatever_its_column_is_called(write, staged, key):
    mapping = {"user_id": "who", "ts": "ts", "action": "action", "pages": "member"}
    text = "who,ts,action,member\nu1,2024-01-05,view,3\nu2,2024-01-05,view,4\n"
    assert staged(write(text), kind="events", mapping=mapping, id_key=key).column("pages") == [3, 4]


def test_empty_columns_at_the_end_are_left_out_beside_private_ones(write, staged):
    lines = ["name,手机号,spent,"] + [f"n{i},{phone},{i}," for i, phone in enumerate(mobiles(30))]
    assert list(staged(write("\n".join(lines)), kind="records").rows[0]) == ["name", "spent"]
