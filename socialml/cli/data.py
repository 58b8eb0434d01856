"""Commands that bring, show and remove data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from socialml.cli import command, dataset_option, day, out_options, tell
from socialml.cli.files import expand
from socialml.errors import UserError
from socialml.schema import KINDS
from socialml.store import ROOT, SAMPLE, Store


@command(opens_store=False)
@click.option("--users", type=click.IntRange(min=5), default=1000, show_default=True)
@click.option("--events", type=click.IntRange(min=1), help="Exactly so many behaviour events.")
@click.option("--orders", type=click.IntRange(min=1), help="Exactly so many order lines.")
@click.option("--months", type=click.IntRange(min=3, max=60), default=24, show_default=True)
@click.option("--without", multiple=True, help="Leave out a kind: frequent, browser, social, price, new.")
@click.option("--noise", is_flag=True, help="Customers of no kind: the same spread, and no groups.")
@click.option("--end", help="YYYY-MM-DD, the first day after the data; 2025-10-01 if not given.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
def sample(
    users: int,
    events: int | None,
    orders: int | None,
    months: int,
    without: tuple[str, ...],
    noise: bool,
    end: str | None,
    out: Path,
    seed: int,
) -> tuple[dict[str, Any], str]:
    """Write the sample data of a shop whose truth is known."""
    from socialml import sample as generator

    kinds = tuple(kind for kind in generator.KINDS if kind not in without)
    made = generator.generate(
        users,
        seed=seed,
        months=months,
        end=day(end) or generator.END,
        kinds=kinds,
        noise=noise,
        events=events,
        orders=orders,
    )
    files = [{**item, "file": str((out / item["file"]).resolve())} for item in generator.write(made, out)]
    text = "\n".join(f"{file['file']}: {file['rows']:,} rows of {file['kind']}" for file in files)
    return {"files": files, "out": str(out), "thinned": made.thinned}, text


@command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@dataset_option
@click.option("--kind", type=click.Choice(list(KINDS)), help="What the table is; guessed if not given.")
@click.option("--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Which column holds a field.")
@click.option("--date-order", type=click.Choice(["ymd", "mdy", "dmy"]))
@click.option("--decimal", type=click.Choice(["point", "comma"]), help="Of numbers such as 1.234.")
@click.option("--money", "money_unit", type=click.Choice(["yuan", "fen"]), help="What amounts are in.")
@click.option("--encoding", help="Such as gb18030; found if not given.")
@click.option("--delimiter", help="Of columns, such as ';'; found if not given.")
@click.option("--sheet", help="Of an Excel workbook; the first that holds rows if not given.")
@click.option("--currency", default="CNY", show_default=True, help="Of a new dataset.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of a new dataset.")
@click.option(
    "--hash-ids", is_flag=True, help="Store hashes of customers' ids; their key stays beside the store."
)
@click.option(
    "--keep", multiple=True, metavar="COLUMN", help="Store it though it looks private, as phone numbers do."
)
def ingest(
    store: Store,
    files: tuple[Path, ...],
    dataset: str,
    kind: str | None,
    pairs: tuple[str, ...],
    date_order: str | None,
    decimal: str | None,
    money_unit: str | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    currency: str,
    timezone: str,
    hash_ids: bool,
    keep: tuple[str, ...],
    seed: int,
) -> tuple[dict[str, Any], str]:
    """Import CSV, TSV, Excel or Parquet files, or a folder of them, into a dataset: all or none.

    Each file has a receipt of its own. Of a folder the tables are read in the order of their names; folders in it
    and hidden files are left out.
    """
    from socialml.ingest.task import ingest_file

    mapping: dict[str, str] = {}
    for pair in pairs:
        field, separator, column = pair.partition("=")
        if not (separator and field and column):
            raise UserError(
                "bad_map", f"--map {pair} is not FIELD=COLUMN.", "Write for example --map user_id=Buyer"
            )
        mapping[field.strip()] = column.strip()
    tables, others = expand(files)
    answers: list[dict[str, Any]] = []
    new = not _there(store, dataset)
    before = 0 if new else len(store.imports(dataset))
    try:
        for file in tables:
            receipt = ingest_file(
                store,
                file,
                dataset,
                kind=kind,
                mapping=mapping or None,
                date_order=date_order,
                decimal=decimal,
                money_unit=money_unit,
                encoding=encoding,
                delimiter=delimiter,
                sheet=sheet,
                currency=currency,
                timezone=timezone,
                hash_ids=hash_ids,
                keep=keep,
                report=tell,
            )
            answers.append({**receipt, "rejects_file": _rejects_file(store, dataset)})
    except BaseException as error:
        # All files or none: what this command brought goes again.
        if new and _there(store, dataset):
            store.delete_dataset(dataset)
        elif not new:
            for _ in store.imports(dataset)[before:]:
                store.undo_last_import(dataset)
        if isinstance(error, UserError) and len(tables) > 1:
            raise _of_many(error, tables[len(answers)], len(tables)) from error
        raise
    lines = [
        f"{a['file']}: {a['rows_read']:,} rows of {a['kind']} read = {a['rows_accepted']:,} accepted"
        f" + {a['rows_rejected']:,} rejected"
        + (f" (see {a['rejects_file']})" if a["rejects_file"] else "")
        + "".join(f"\n  {warning['sentence']}" for warning in a["warnings"])
        for a in answers
    ]
    if len(answers) > 1:
        read, accepted, rejected = (
            sum(a[f"rows_{what}"] for a in answers) for what in ("read", "accepted", "rejected")
        )
        lines.append(
            f"{len(answers)} files: {read:,} rows read = {accepted:,} accepted + {rejected:,} rejected"
        )
    if others:
        lines.append(f"Left out, as no tables: {', '.join(other.name for other in others)}")
    answer = {"dataset": dataset, "version": store.version(dataset), "files": answers}
    return {**answer, "left_out": [str(other) for other in others]}, "\n".join(lines)


def _there(store: Store, dataset: str) -> bool:
    return dataset in {known.name for known in store.datasets()}


def _of_many(error: UserError, file: Path, files: int) -> UserError:
    """What is wrong with one file, which its message may not name."""
    message = error.message if file.name in error.message else f"{file.name}: {error.message}"
    return UserError(error.code, message, f"{error.hint} None of the {files} files was imported.".strip())


def _rejects_file(store: Store, dataset: str) -> str | None:
    """The rejects of the newest import as a CSV that can be mended and imported again, beside the stored ones."""
    from socialml.export import csv_bytes
    from socialml.ingest import mended

    last = store.imports(dataset)[-1]
    if last.rejects is None:
        return None
    file = last.rejects.with_suffix(".csv")
    file.write_bytes(csv_bytes(mended.table(last.rejects, last.receipt)))
    return str(file)


@command()
def datasets(store: Store, seed: int) -> tuple[dict[str, Any], str]:
    """List the datasets."""
    rows: list[dict[str, Any]] = [
        {
            "name": d.name,
            "version": store.version(d.name),
            "tables": store.tables(d.name),
            "currency": d.currency,
        }
        for d in store.datasets()
    ]
    text = "\n".join(
        f"{row['name']}: " + (", ".join(f"{n:,} {kind}" for kind, n in row["tables"].items()) or "empty")
        for row in rows
    )
    return {"datasets": rows}, text or "No datasets yet."


@command()
@dataset_option
@click.option("--engine", type=click.Choice(["duckdb"]), default="duckdb", show_default=True)
@click.option("--as-of", help="YYYY-MM-DD; the end of the last complete day if not given.")
@out_options("one row for each customer", required=True)
def features(
    store: Store, dataset: str, engine: str, as_of: str | None, out: Path, form: str | None, seed: int
) -> tuple[dict[str, Any], str]:
    """Write one row for each customer: recency, frequency, money, browsing, interactions."""
    from socialml.analyses import sentiment
    from socialml.features.snapshot import write_user_table

    answer = write_user_table(store, dataset, out, day(as_of), sentiment.newest(store, dataset), form)
    text = (
        f"{answer['rows']:,} customers x {len(answer['columns'])} columns in {answer['seconds']:.1f} s: {out}"
    )
    return {**answer, "engine": engine}, text


@command()
def demo(store: Store, seed: int) -> tuple[dict[str, Any], str]:
    """Import the sample, find its segments and read its comments, if the store is new."""
    from socialml.analyses import base, sentiment
    from socialml.analyses import segments as analysis
    from socialml.ingest.task import ingest_file

    if store.datasets():
        return {"dataset": None, "run_id": None}, "The store has data already; nothing was added."
    for kind in ("users", "orders", "events", "impressions", "creators", "placements"):
        ingest_file(store, ROOT / "sample_data" / f"{kind}.csv", SAMPLE, kind=kind, report=tell)
    run = base.run("segments", store, SAMPLE, analysis.Config(), tell)
    base.run("sentiment", store, SAMPLE, sentiment.Config(), tell)
    return {"dataset": SAMPLE, "run_id": run.run_id}, f"The dataset '{SAMPLE}' is ready."


@command()
@dataset_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(store: Store, dataset: str, yes: bool, seed: int) -> tuple[dict[str, Any], str]:
    """Delete a dataset with its runs."""
    store.dataset(dataset)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Delete '{dataset}' and all its runs?", abort=True, err=True)
    store.delete_dataset(dataset)
    return {"deleted": dataset}, f"Deleted '{dataset}'."


@command()
@dataset_option
def undo(store: Store, dataset: str, seed: int) -> tuple[dict[str, Any], str]:
    """Undo the last import of a dataset."""
    info = store.undo_last_import(dataset)
    answer = {"dataset": dataset, "undone": info.file, "rows": info.rows, "version": store.version(dataset)}
    return answer, f"Removed the {info.rows:,} rows of {info.file}."


@command()
@click.option("--dataset", help="Only of this dataset.")
def runs(store: Store, dataset: str | None, seed: int) -> tuple[dict[str, Any], str]:
    """List the runs, newest first."""
    found = [
        {
            "run_id": r.run_id,
            "analysis": r.analysis,
            "dataset": r.dataset,
            "dataset_version": r.dataset_version,
            "created_at": r.created_at.isoformat(),
            "erased_at": r.erased_at,
            "seconds": r.seconds,
            "config": r.config,
            "seed": r.seed,
        }
        for r in store.runs(dataset=dataset)
    ]
    text = "\n".join(
        f"{r['run_id']}  {r['dataset']}  {r['created_at']}"
        + ("  (its tables are gone: they held a customer who was erased)" if r["erased_at"] else "")
        for r in found
    )
    return {"runs": found}, text or "No runs yet."
