"""From a dropped file to an import: what was understood is shown and can be changed before anything is stored."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from socialml import ingest, sample, words
from socialml.errors import UserError
from socialml.ingest import Inspection, task
from socialml.schema import KINDS, Kind
from socialml.store import SAMPLE
from socialml.ui import context, parts, progress, state

_NOT_USED = "– not in the file –"
_NEW = "A new dataset"
_QUESTIONS = {
    "date_order": "How are these dates written?",
    "decimal": "How are these numbers written?",
    "money_unit": "What are these amounts in?",
}
_CHOICES = {
    "ymd": "Year, month, day",
    "mdy": "Month first (4/30)",
    "dmy": "Day first (30/4)",
    "point": "Decimal point",
    "comma": "Decimal comma",
    "yuan": "Yuan",
    "fen": "Fen",
}
_SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".xlsx", ".xlsm", ".xls", ".ods")
_ENCODINGS = ("utf-8", "gb18030", "utf-16", "latin-1")
_DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
_PAIRS = {"creators": "placements", "placements": "creators"}  # tables that are of use together only
_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "THB", "KRW")
_ZONES = (
    "Asia/Shanghai",
    "UTC",
    "Europe/London",
    "Europe/Paris",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Bangkok",
    "Asia/Tokyo",
)


def wanted(chosen: context.Context | None) -> bool:
    """Whether the place for a file is open: nothing but the sample is there, or a file is under way."""
    under_way = st.session_state.get("_upload") or st.session_state.get("_import_job")
    return chosen is None or chosen.name == SAMPLE or bool(under_way)


def section(chosen: context.Context | None) -> None:
    """The whole way of a file; draws the step it is at."""
    upload = st.session_state.get("_upload")
    job = progress.by_id(st.session_state.get("_import_job"))
    if job and job.active:
        progress.panel(job)
    elif job and job.status == "done":
        _done(job.dataset, upload)
    else:
        if job:
            progress.panel(job)
        if upload and Path(upload["path"]).exists():
            _settle(upload, chosen)
        else:
            _receive()


def _receive() -> None:
    turn = st.session_state.setdefault("_upload_turn", 0)
    dropped = st.file_uploader(
        "CSV, TSV, Excel, Parquet or a gzip of text, up to 1 GB",
        type=[suffix.removeprefix(".") for suffix in _SUFFIXES],
        key=f"file-{turn}",
        help="Orders, behaviour events, customers, creators, past campaigns, or any other table. The file stays"
        " on this machine.",
    )
    if dropped is not None:
        # Messages name the file by its path's last part, so it keeps its own name, in a folder of its own.
        suffixes = "".join(re.findall("|".join(map(re.escape, _SUFFIXES)), dropped.name.lower())[-2:])
        stem = re.sub(r"[^\w\- ]+", " ", dropped.name.split(".")[0]).strip()[:60] or "file"
        folder = state.store().inbox / secrets.token_hex(8)
        folder.mkdir()
        path = folder / f"{stem}{suffixes}"
        path.write_bytes(dropped.getbuffer())
        st.session_state["_upload"] = {"path": str(path), "name": dropped.name}
        st.session_state["_upload_turn"] = turn + 1  # a new uploader, so that the bytes leave memory
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Not sure what to bring? Templates to fill in:")
        for name, text in sample.templates().items():
            st.download_button(
                name,
                text,
                file_name=name,
                mime="text/csv",
                on_click="ignore",
                key=f"template-{name}",
                type="tertiary",
                icon=":material/download:",
            )


def _settle(upload: dict[str, str], chosen: context.Context | None) -> None:
    """Show what was understood; let the user change it; import."""
    st.markdown(f"**{parts.plain(upload['name'])}**: check what was understood, then import.")
    sheet = _sheet(upload["path"])
    with st.expander("Encoding and columns split by", icon=":material/translate:"):
        left, right = st.columns(2)
        encoding = left.selectbox(
            "Encoding", [None, *_ENCODINGS], format_func=lambda e: e or "Find it", key="up-encoding"
        )
        delimiter = right.selectbox(
            "Columns split by",
            [None, *_DELIMITERS],
            format_func=lambda d: _DELIMITERS.get(d, "Find it"),
            key="up-delimiter",
        )
    try:
        found = _inspect(upload["path"], None, encoding, delimiter, sheet)
        said = st.session_state.get("up-kind")
        if said not in (None, found.kind):
            found = _inspect(upload["path"], said, encoding, delimiter, sheet)
    except UserError as problem:
        parts.error(problem)
        _discard_button(upload)
        return
    kinds = list(KINDS)
    left, right = st.columns([2, 1])
    kind = left.selectbox(
        "What is it?",
        kinds,
        index=kinds.index(found.kind),
        format_func=lambda name: f"{KINDS[name].label}: {KINDS[name].help}",
        key="up-kind",
    )
    name = _dataset(right, upload, chosen, kind)
    if not (KINDS[kind].columns and found.has_header):  # for others the mapping below says it, in plain names
        st.caption(parts.plain(found.reason))
    parts.table(pd.DataFrame(found.sample, columns=found.header), key="up-preview", height=180)
    mapping = _mapping(KINDS[kind], found)
    asked = {c.name for c in KINDS[kind].columns if c.type in ("time", "money", "number", "integer")}
    if any(mapping.get(field) != found.mapping.get(field) for field in asked):
        # Another column holds the time or an amount than the one guessed: it may need a question too.
        pairs = tuple(mapping.items())
        found = _inspect(upload["path"], kind, encoding, delimiter, sheet, pairs)
    answers = _answers(found)
    gaps = KINDS[kind].missing(set(mapping))
    if kind == "orders" and "user_id" not in mapping:
        st.warning(
            "No column says who bought: the rows will count in revenue and for no customer. Choose 'Customer' if one"
            " does.",
            icon=":material/help:",
        )
    if gaps:
        labels = words.listed([KINDS[kind].column(gap).label for gap in gaps])
        st.warning(f"Still to be chosen: {labels}.", icon=":material/help:")
    unclear = None in answers.values()
    with st.container(horizontal=True):
        if st.button(
            "Import",
            type="primary",
            key="up-import",
            disabled=bool(gaps) or unclear or not name["dataset"],
            icon=":material/database_upload:",
        ):
            _submit(
                upload,
                {
                    **name,
                    "kind": kind,
                    "mapping": mapping,
                    **answers,
                    "encoding": encoding,
                    "delimiter": delimiter,
                    "sheet": sheet,
                },
            )
        _discard_button(upload)


@st.cache_data(show_spinner="Reading the file …", max_entries=8)
def _inspect(
    path: str,
    kind: str | None,
    encoding: str | None,
    delimiter: str | None,
    sheet: str | None,
    mapping: tuple[tuple[str, str], ...] | None = None,
) -> Inspection:
    given = None if mapping is None else dict(mapping)
    return ingest.inspect(path, kind=kind, mapping=given, encoding=encoding, delimiter=delimiter, sheet=sheet)


@st.cache_data(show_spinner=False, max_entries=8)
def _sheets(path: str) -> list[str]:
    """Of a workbook; none of any other file, or of one that cannot be opened (which `_inspect` tells)."""
    try:
        return ingest.sheets(path)
    except UserError:
        return []


def _sheet(path: str) -> str | None:
    """Asked only where a workbook has more than one."""
    names = _sheets(path)
    if len(names) < 2:
        return None
    return st.selectbox("Sheet", [None, *names], format_func=lambda name: name or "The first that holds rows",
                        key="up-sheet")  # fmt: skip


def _dataset(place: Any, upload: dict[str, str], chosen: context.Context | None, kind: str) -> dict[str, Any]:
    names = [dataset.name for dataset in state.store().datasets()]
    joins = chosen is not None and _PAIRS.get(kind) in state.store().tables(chosen.name)
    options = [_NEW, *names]
    into = place.selectbox(
        "Into",
        options,
        index=options.index(chosen.name) if chosen and joins and chosen.name != SAMPLE else 0,
        key="up-into",
        help="A dataset holds files that belong together.",
    )
    if into != _NEW:
        dataset = state.store().dataset(into)
        return {"dataset": into, "currency": dataset.currency, "timezone": dataset.timezone}
    first, second, third = st.columns([2, 1, 1])
    stem = re.sub(r"[^\w\- ]+", " ", Path(upload["name"]).name.split(".")[0]).strip()[:60]
    name = first.text_input("Name of the new dataset", stem, key="up-name", max_chars=80).strip()
    if name in names:
        first.caption("There is a dataset of that name: the rows are added to it.")
    currency = second.selectbox(
        "Currency", _CURRENCIES, key="up-currency", help="Of all amounts in this dataset."
    )
    zone = third.selectbox("Time zone", _ZONES, key="up-zone", help="Of times that do not say their own.")
    return {"dataset": name, "currency": currency, "timezone": zone}


def _mapping(kind: Kind, found: Inspection) -> dict[str, str]:
    """Which column of the file stands for what; those that matter first."""
    if not kind.columns:
        st.caption("Every column is kept as it is.")
        return {}
    taken = task.recalled(state.store(), found)
    wanted = {name for group in kind.one_of for name in group} | {c.name for c in kind.columns if c.required}
    wanted.add("user_id")  # an order may go without, but whose it is matters to every other page
    shown = [c for c in kind.columns if c.name in wanted or c.name in taken]
    rest = [c for c in kind.columns if c not in shown]
    st.markdown("**Which column is what?**")
    if state.store().mapping(found.shape, found.kind):
        st.caption("Taken from your last file with these columns.")
    options = [_NOT_USED, *found.header]
    mapping = {}
    places = [
        (column, place)
        for group in (shown, rest)
        for column, place in zip(group, _grid(group is rest, len(group)), strict=True)
    ]
    for column, place in places:
        guess = taken.get(column.name, _NOT_USED)
        header = place.selectbox(
            column.label + (" (needed)" if column.required else ""),
            options,
            index=options.index(guess),
            key=f"map-{kind.name}-{column.name}",
            help=column.help or None,
        )
        if header != _NOT_USED:
            mapping[column.name] = header
    twice = sorted({header for header in mapping.values() if list(mapping.values()).count(header) > 1})
    if twice:
        st.warning(parts.plain(f"Chosen more than once: {words.listed(twice)}."), icon=":material/help:")
    return mapping


def _grid(folded: bool, count: int) -> list[Any]:
    if not count:
        return []
    box = st.expander("More that a file can hold") if folded else st.container()
    columns = box.columns(4)
    return [columns[number % 4] for number in range(count)]


def _answers(found: Inspection) -> dict[str, str | None]:
    """{setting: answer, or None so far}. Asked only where the values themselves do not tell."""
    answers: dict[str, str | None] = {}
    for question in found.questions:
        setting = question["setting"]
        st.warning(parts.plain(question["sentence"]), icon=":material/help:")
        if setting in answers:
            continue  # one answer is for all columns
        meanings = {choice["value"]: choice["meaning"] for choice in question["choices"]}
        answers[setting] = st.radio(
            _QUESTIONS[setting],
            list(meanings),
            index=None,
            key=f"up-{setting.replace('_', '-')}",
            format_func=lambda value: f"{_CHOICES[value]}: {meanings[value]}",  # noqa: B023 (used at once)
        )
    return answers


def _submit(upload: dict[str, str], settings: dict[str, Any]) -> None:
    config = {"path": upload["path"], "file": upload["name"], **settings}
    try:
        st.session_state["_import_job"] = state.manager().submit(
            "import", settings["dataset"], config, label="Import"
        )
    except UserError as problem:
        parts.error(problem)
        return
    st.rerun()


def _done(dataset: str, upload: dict[str, str] | None) -> None:
    """Forget the file and show the dataset; the receipt is on top of the list below."""
    if upload:
        _forget(upload)
    for key in ("_upload", "_import_job"):
        st.session_state.pop(key, None)
    st.session_state["_just_imported"] = dataset
    context.open_dataset(dataset)
    st.rerun()


def _forget(upload: dict[str, str]) -> None:
    path = Path(upload["path"])
    path.unlink(missing_ok=True)
    if path.parent.exists() and path.parent != state.store().inbox:
        path.parent.rmdir()


def _discard_button(upload: dict[str, str]) -> None:
    if st.button("Take another file", key="up-discard"):
        _forget(upload)
        for key in ("_upload", "_import_job"):
            st.session_state.pop(key, None)
        st.rerun()
