"""Arrays of the sample to Arrow tables and CSV files."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from socialml.features.placements import History, Offers

from . import model
from .behaviour import NONE, PURCHASE, Events
from .orders import Orders
from .users import Ints, Users

PLATFORMS = ("Douyin", "Kuaishou")
GENDERS = ("female", "male")
ACTIONS = (*model.BEHAVIOURS, "purchase")
BLOCK_ROWS = 1 << 17
if TYPE_CHECKING:
    from .creators import CampaignWorld


def codes(values: Ints, names: tuple[str, ...] | list[str] | pa.Array, none: int | None = None) -> pa.Array:
    """Text for each code; null where the code is `none`."""
    mask = None if none is None else values == none
    index = pa.array(np.where(mask, 0, values) if mask is not None else values, mask=mask, type=pa.int32())
    return pa.DictionaryArray.from_arrays(index, pa.array(names, type=pa.string()))


def money(fen: Ints, empty: NDArray[np.bool_] | None = None) -> pa.Array:
    """Fen to decimals with two places; null where `empty`."""
    words = np.empty((len(fen), 2), dtype="<i8")  # a decimal128 is one little-endian 128-bit integer
    words[:, 0], words[:, 1] = fen, np.where(fen < 0, -1, 0)
    valid = None if empty is None else pa.py_buffer(np.packbits(~empty, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.decimal128(14, 2), len(fen), [valid, pa.py_buffer(words.tobytes())])


def moments(start: date, seconds: Ints) -> pa.Array:
    origin = int((datetime(start.year, start.month, start.day) - datetime(1970, 1, 1)).total_seconds())
    return pa.array((seconds + origin).astype("datetime64[s]"))


def numbers(values: Ints) -> pa.Array:
    return pa.array(values, mask=values == NONE, type=pa.int64())


def numbered(letter: str, count: int, width: int) -> pa.Array:
    """O0000001, O0000002, ..."""
    return pa.array([f"{letter}{i:0{width}d}" for i in range(1, count + 1)], type=pa.string())


def item_names() -> list[str]:
    return [f"P{i:04d}" for i in range(1, len(model.CATEGORIES) * model.ITEMS_A_CATEGORY + 1)]


def orders_table(orders: Orders, users: Users, ids: pa.Array, start: date) -> pa.Table:
    count = int(orders.order.max()) + 1 if len(orders.order) else 0
    return pa.table(
        {
            "order_id": codes(orders.order, numbered("O", count, 7)),
            "user_id": codes(orders.user, ids),
            "ts": moments(start, orders.time),
            "item_id": codes(orders.item, item_names()),
            "category": codes(orders.category, model.CATEGORIES),
            "quantity": pa.array(orders.quantity),
            "amount": money(orders.amount),
            "discount": money(orders.discount),
            "platform": codes(users.platform[orders.user], PLATFORMS),
            "device": codes(orders.device, model.DEVICES),
        }
    )


def events_table(events: Events, orders: Orders, users: Users, ids: pa.Array, start: date) -> pa.Table:
    bought = events.action == PURCHASE
    line = np.where(bought, events.line, 0)
    count = int(orders.order.max()) + 1 if len(orders.order) else 1
    order = np.where(bought, orders.order[line], NONE) if len(orders.order) else np.full(len(bought), NONE)
    amount = orders.amount[line] if len(orders.order) else np.zeros(len(bought), dtype=np.int64)
    return pa.table(
        {
            "user_id": codes(events.user, ids),
            "ts": moments(start, events.time),
            "action": codes(events.action, ACTIONS),
            "item_id": codes(events.item, item_names()),
            "category": codes(events.category, model.CATEGORIES),
            "platform": codes(users.platform[events.user], PLATFORMS),
            "device": codes(events.device, model.DEVICES),
            "seconds": numbers(events.seconds),
            "pages": numbers(events.pages),
            "order_id": codes(order, numbered("O", count, 7), NONE),
            "amount": money(amount, ~bought),
            "text": codes(events.comment, [text for row in model.COMMENTS for text in row], NONE),
        }
    )


def users_table(
    rng: np.random.Generator, users: Users, ids: pa.Array, start: date, survey_share: float
) -> tuple[pa.Table, Ints]:
    """Demographics, with the gaps that real customer files have: age 2%, income 8%; and everybody's satisfaction."""
    count = len(users.kind)
    registered = users.registered * 86_400 + rng.integers(7 * 3600, 24 * 3600, count)
    # Satisfaction: a little better for those who buy more, worse for those who left.
    score = 3.7 + 0.25 * np.log(users.traits["purchase"] / 5) + 0.9 * rng.standard_normal(count)
    score = np.clip(np.rint(score - 0.8 * (users.until < users.until.max(initial=0))), 1, 5).astype(np.int64)
    table = pa.table(
        {
            "user_id": ids,
            "gender": codes(users.gender, GENDERS),
            "age": numbers(np.where(rng.random(count) < 0.02, NONE, users.age)),
            "region": codes(users.region, model.REGIONS),
            "income": numbers(np.where(rng.random(count) < 0.08, NONE, users.income)),
            "device": codes(users.device, model.DEVICES),
            "platform": codes(users.platform, PLATFORMS),
            "registered": moments(start, registered),
            "satisfaction": numbers(np.where(rng.random(count) < survey_share, score, NONE)),
        }
    )
    return table, score


def creators_table(offers: Offers) -> pa.Table:
    return pa.table(
        {
            "creator_id": pa.array(offers.creator_id),
            "channel": codes(offers.channel, offers.channels),
            "tier": codes(offers.tier, offers.tiers),
            "followers": pa.array(offers.followers.astype(np.int64)),
            "follower_quality": pa.array(offers.quality),
            "interaction_rate": pa.array(offers.interaction_rate),
            "content_type": codes(offers.content_type, offers.content_types),
            "category": codes(offers.category, offers.categories),
            "price": money(cents(offers.price)),
        }
    )


def placements_table(log: History, offers: Offers, times: Ints, start: date) -> pa.Table:
    """times: (r,) seconds since `start`."""
    return pa.table(
        {
            "campaign_id": codes(log.campaign, log.campaigns),
            "creator_id": codes(log.creator, offers.creator_id),
            "phase": pa.array(log.phase + 1),
            "ts": moments(start, times),
            "price": money(cents(log.price)),
            "reads": pa.array(log.reads.astype(np.int64)),
            "likes": pa.array(log.likes.astype(np.int64)),
            "comments": pa.array(log.comments.astype(np.int64)),
            "shares": pa.array(log.shares.astype(np.int64)),
            "sales": money(cents(log.sales)),
            "later_reads": pa.array(log.later.astype(np.int64)),
        }
    )


def worth_table(world: CampaignWorld) -> pa.Table:
    """What a booking of each creator would bring where nothing is saturated."""
    expected = {
        name: np.round(world.outcome[:, i], 2)
        for i, name in enumerate(("reads", "likes", "comments", "shares", "sales"))
    }
    return pa.table(
        {"creator_id": world.offers.creator_id, "points": np.round(world.points(), 2), **expected}
    )


def cents(amounts: NDArray[np.float64]) -> Ints:
    return np.rint(amounts * 100).astype(np.int64)


def write_csv(table: pa.Table, file: Path) -> int:
    """Write in blocks, text decoded block by block, so that memory does not grow with the file."""
    schema = pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    )
    # No text of the model needs a quote; Arrow raises if one ever did.
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    with file.open("wb") as sink:
        sink.write((",".join(schema.names) + "\n").encode())
        with pa_csv.CSVWriter(sink, schema, write_options=options) as writer:
            for begin in range(0, table.num_rows, BLOCK_ROWS):
                writer.write_table(table.slice(begin, BLOCK_ROWS).cast(schema))
    return table.num_rows


def write_json(value: dict[str, Any], file: Path) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
