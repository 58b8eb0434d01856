from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pytest
from click.testing import CliRunner

from socialml import cli
from socialml.analyses import _campaign_compute as steps
from socialml.analyses import _campaign_curve as response
from socialml.analyses import _campaign_replanning as replanning
from socialml.cli import campaign as _command  # noqa: F401 - registers the command
from socialml.ingest.task import ingest_file
from socialml.sample import creators, tables
from socialml.store import Store


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(4)
    world = creators.plant(rng, 60)
    offers = tables.creators_table(world.offers)
    placements = creators.log(rng, world, 40)
    write(folder / "creators.csv", offers)
    write(folder / "placements.csv", placements)
    # One channel without anybody in the middle, and the smallest creators for nothing.
    lone = creators.plant(rng, 50, channels=("Douyin",))
    booked = creators.log(rng, lone, 40)
    odd = tables.creators_table(lone.offers).to_pandas()
    odd = odd[odd["tier"] != "mid"]
    odd.loc[odd["tier"] == "tail", "price"] = 0
    write(folder / "odd_creators.csv", pa.Table.from_pandas(odd, preserve_index=False))
    own = pa.compute.is_in(booked["creator_id"], pa.array(odd["creator_id"]))
    write(folder / "odd_placements.csv", booked.filter(own))
    with Store(folder / "shop.duckdb") as store:
        for name, dataset in (("", "shop"), ("odd_", "odd")):
            ingest_file(store, folder / f"{name}creators.csv", dataset)
            ingest_file(store, folder / f"{name}placements.csv", dataset)
        ingest_file(store, folder / "creators.csv", "unbooked")
        ingest_file(store, folder / "placements.csv", "unlisted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "TRAINED", 16)
        patch.setattr(response, "POINTS", 3)
        patch.setattr(replanning, "CAMPAIGNS", 2)
        yield folder


def write(file: Path, table: pa.Table) -> None:
    pa.csv.write_csv(table, file)


def called(shop: Path, *options: str) -> tuple[int, dict]:
    command = ["campaign", "--store", str(shop / "shop.duckdb"), "--json", *options]
    done = CliRunner().invoke(cli.cli, command)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def test_keys_the_file_and_planning_again(shop: Path) -> None:
    out = shop / "plan.csv"
    short = ("--dataset", "shop", "--refits", "10", "--steps", "5")
    code, told = called(shop, *short, "--budget", "90000", "--most", "tail=0.5", "--out", str(out))
    assert code == 0, told
    assert {
        "run_id",
        "plans",
        "uplift",
        "cost_for_same_effect",
        "ratio_to_bound",
        "plan",
        "train_seconds",
    } <= told.keys()
    assert {"ddpg", "template", "greedy", "solver"} <= told["plans"].keys()
    assert {"effect", "cost", "feasible"} <= told["plans"]["ddpg"].keys()
    assert {"relative", "low", "high", "p_harm"} <= told["uplift"].keys()
    cost = sum(cell["budget"] for cell in told["plan"])
    assert cost == pytest.approx(told["plans"][told["winner"]]["cost"])
    assert cost <= 90_000
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert sum(float(row["price"]) for row in rows) == pytest.approx(cost)
    assert {"creator_id", "channel", "tier", "phase", "value", "low", "high"} <= rows[0].keys()
    channel = rows[0]["channel"]
    again = ("--replan-of", told["run_id"], "--phases-done", "1", "--realised", f"{channel}=0.7")
    code, rest = called(shop, *short, *again)
    assert code == 0, rest
    assert rest["replan"]["of"] == told["run_id"]
    assert rest["budget"] == 90_000
    assert rest["replan"]["realised"] == {channel: 0.7}
    for options, error in (
        (("--replan-of", told["run_id"], "--phases-done", "3"), "campaign_over"),
        (("--replan-of", "campaign-1", "--phases-done", "1"), "no_run"),
        ((*again[:4], "--realised", "Radio=1"), "no_such_channel"),
    ):
        code, wrong = called(shop, *short, *options)
        assert (code, wrong["error"]["code"]) == (2, error)
    code, wrong = called(shop, "--dataset", "odd", *again[:4])
    assert (code, wrong["error"]["code"]) == (2, "other_data")


def test_one_channel_and_free_creators_are_planned(shop: Path) -> None:
    code, told = called(shop, "--dataset", "odd", "--refits", "10", "--steps", "5", "--goal", "reach")
    assert code == 0, told
    assert told["unit"] == "reads"
    tails = [cell for cell in told["plan"] if cell["tier"] == "tail"]
    assert all(cell["budget"] == 0 for cell in tails)
    assert sum(cell["creators"] for cell in tails) > 0


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--dataset", "unbooked"], "no_placements", "no table of past bookings"),
        (["--dataset", "unlisted"], "no_creators", "no table of creators"),
        (["--dataset", "shop", "--budget", "100"], "budget_too_small", "below the cheapest creator"),
        (["--dataset", "shop", "--budget", "-5"], "bad_config", "budget is -5"),
        (["--dataset", "shop", "--channel", "Radio"], "no_such_channel", "Radio"),
        (["--dataset", "shop", "--least", "head=0.7", "--least", "mid=0.6"], "bounds_contradict", "130%"),
        (
            ["--dataset", "shop", "--least", "head=0.7", "--most", "head=0.2"],
            "bounds_contradict",
            "above its most",
        ),
        (["--dataset", "shop", "--least", "head"], "bad_config", "--least is 'head'"),
        (["--dataset", "shop", "--goal", "fame"], "bad_config", "fame"),
        (["--dataset", "odd", "--least", "mid=0.2"], "tier_without_creators", "mid"),
    ],
)
def test_mistakes_name_what_is_in_the_way(shop: Path, options: list[str], code: str, words: str) -> None:
    exit_code, told = called(shop, *options)
    assert exit_code == 2
    assert told["error"]["code"] == code
    assert words in told["error"]["message"]
    assert told["error"]["hint"]
