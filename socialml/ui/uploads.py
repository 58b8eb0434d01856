"""From dropped files to imports: what was understood is shown and can be changed before anything is stored."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from socialml import sample, words
from socialml.errors import UserError
from socialml.ingest import Inspection, task
from socialml.ingest.options import SUFFIXES
from socialml.schema import KINDS, Kind
from socialml.store import SAMPLE
from socialml.ui import (
    context,
    parts,
    progress,
    state,
    upload_columns,
    upload_dataset,
    upload_privacy,
    upload_reading,
)

# Of a session: '_upload', the files to be settled; '_imports', those of the last press of Import, each with its job.
File = dict[str, str]  # path: of the copy here; name: the user's own
Settings = dict[str, Any]  # see ingest.task.Config
UPLOAD_GB = 1  # each, as .streamlit/config.toml says: the server holds what is dropped in memory


def wanted(chosen: context.Context | None) -> bool:
    """Whether the place for files is open: nothing but the sample is there, or files are under way."""
    under_way = st.session_state.get("_upload") or st.session_state.get("_imports")
    return chosen is None or chosen.name == SAMPLE or bool(under_way)


def section(chosen: context.Context | None) -> None:
    """The whole way of the files; draws the step it is at."""
    files = [file for file in st.session_state.get("_upload", []) if Path(file["path"]).exists()]
    sent = st.session_state.get("_imports", [])
    brought = [(file, job) for file in sent if (job := progress.by_id(file["job"]))]
    if active := [job for _, job in brought if job.active]:
        if any(job.status == "cancelled" for _, job in brought):
            for job in active:  # who stops one file stops those after it
                state.manager().cancel(job.id)
        progress.panel(next((job for job in active if job.status == "running"), active[0]))
        if len(brought) > 1:
            st.caption(f"{len(brought) - len(active)} of {len(brought)} files are done.")
        return
    if done := [(file, job) for file, job in brought if job.status == "done"]:
        _done(done[0][1].dataset, [file for file, _ in done], files)
    for file, job in brought:
        if len(files) > 1:
            st.markdown(f"**{parts.plain(file['name'])}** did not come in.")
        progress.panel(job)
    if files:
        _settle(files, chosen)
    else:
        _receive()


def _receive() -> None:
    turn = st.session_state.setdefault("_upload_turn", 0)
    dropped = st.file_uploader(
        f"CSV, TSV, Excel, Parquet or gzip, up to {UPLOAD_GB} GB each; one file or several that belong together",
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        accept_multiple_files=True,
        key=f"file-{turn}",
        help="Orders, behaviour events, customers, creators, past campaigns, or any other table. Files stay on this"
        " machine.",
    )
    if dropped:
        st.session_state["_upload"] = [_kept(file) for file in sorted(dropped, key=lambda file: file.name)]
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


def _kept(dropped: Any) -> File:
    """A copy on disk. Messages name a file by its path's last part, so it keeps its name, in a folder of its own."""
    suffixes = "".join(re.findall("|".join(map(re.escape, SUFFIXES)), dropped.name.lower())[-2:])
    stem = re.sub(r"[^\w\- ]+", " ", dropped.name.split(".")[0]).strip()[:60] or "file"
    folder = state.store().inbox / secrets.token_hex(8)
    folder.mkdir()
    path = folder / f"{stem}{suffixes}"
    path.write_bytes(dropped.getbuffer())
    return {"path": str(path), "name": dropped.name}


def _settle(files: list[File], chosen: context.Context | None) -> None:
    """Show what was understood; let the user change it; import."""
    several = len(files) > 1
    told = f"{len(files)} files" if several else files[0]["name"]
    st.markdown(f"**{parts.plain(told)}**: check what was understood, then import.")
    ready = _several(files, chosen) if several else _alike(files, chosen, None, "")
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Import {words.plural(len(ready), 'file')}" if several and ready else "Import",
            type="primary",
            key="up-import",
            disabled=not ready,
            icon=":material/database_upload:",
        ):
            _submit(ready)
        if st.button("Take other files" if several else "Take another file", key="up-discard"):
            _forget(files)
            for key in ("_upload", "_imports"):
                st.session_state.pop(key, None)
            st.rerun()
        if several:
            st.caption("Each file comes in by itself: if one fails, it is named and the others are in.")


def _several(files: list[File], chosen: context.Context | None) -> list[Settings]:
    """One dataset for all; files with the same columns are settled together."""
    groups: dict[tuple[str, ...], list[tuple[File, Inspection]]] = {}
    for file in files:
        try:
            found = upload_reading.look(file["path"])
        except UserError as problem:
            parts.error(problem)
            st.caption("This one is left out. Bring it alone to change how it is read.")
            continue
        groups.setdefault(tuple(found.header), []).append((file, found))
    if not groups:
        return []
    readable = [pair for group in groups.values() for pair in group]
    into = upload_dataset.choose(
        st.container(), [file["name"] for file, _ in readable], [found for _, found in readable], chosen
    )
    ready: list[Settings] = []
    unsettled = False
    for number, group in enumerate(groups.values()):
        first = group[0][1]
        more = f" and {words.plural(len(group) - 1, 'more file')} with these columns" if group[1:] else ""
        label = parts.plain(f"{group[0][0]['name']}{more} · {KINDS[first.kind].label}")
        open_ = any(found.questions or found.missing for _, found in group)
        with st.expander(label, expanded=open_ or len(groups) == 1, icon=":material/table_view:"):
            made = _alike([file for file, _ in group], chosen, into, f"-{number}")
        ready += made
        unsettled = unsettled or not made
    return [] if unsettled else ready


def _alike(
    files: list[File], chosen: context.Context | None, into: Settings | None, mark: str
) -> list[Settings]:
    """What to import and how, for files with the same columns; none while something is open.

    into: the dataset, where it is settled already. mark: ends the widgets' keys.
    """
    path = files[0]["path"]
    head, shown = st.container(), st.container()
    reading = upload_reading.choose(path, mark)
    try:
        found = upload_reading.look(path, reading)
        kind = st.session_state.get(f"up-kind{mark}") or task.recalled_kind(state.store(), found)
        if kind != found.kind:
            found = upload_reading.look(path, reading, kind)
    except UserError as problem:
        with shown:
            parts.error(problem)
        return []
    with head:
        kind, into = _kind(files, found, chosen, into, mark)
    with shown:
        if found.mended:
            st.info(
                "Rows that were rejected before: the columns about that are not imported.",
                icon=":material/healing:",
            )
        # For others the mapping below says it, in plain names.
        if not (KINDS[kind].columns and found.has_header):
            st.caption(parts.plain(found.reason))
        upload_reading.preview(found, mark)
    mapping = upload_columns.mapping(KINDS[kind], found, mark)
    asked = {c.name for c in KINDS[kind].columns if c.type in ("time", "money", "number", "integer")}
    pairs = None
    if any(mapping.get(field) != found.mapping.get(field) for field in asked):
        # Another column holds the time or an amount than the one guessed: it may need a question too.
        pairs = tuple(mapping.items())
    try:
        looked = [upload_reading.look(file["path"], reading, kind, pairs) for file in files]
    except UserError as problem:
        parts.error(problem)
        return []
    answers = upload_columns.answers(looked, mark)
    privacy = upload_privacy.choose(looked, KINDS[kind], mapping, into, mark)
    if not _complete(KINDS[kind], mapping) or None in answers.values() or not into["dataset"]:
        return []
    said = {**into, **privacy, "kind": kind, "mapping": mapping, "sheet": reading.sheet}
    said |= {"encoding": reading.encoding, "delimiter": reading.delimiter}
    return [
        # An answer is for the files whose values asked for it.
        {
            **said,
            **{q["setting"]: answers[q["setting"]] for q in seen.questions},
            "path": file["path"],
            "file": file["name"],
        }
        for file, seen in zip(files, looked, strict=True)
    ]


def _kind(
    files: list[File], found: Inspection, chosen: context.Context | None, into: Settings | None, mark: str
) -> tuple[str, Settings]:
    """Ask what the rows are and, unless it is settled, where they go."""
    left, right = st.columns([2, 1]) if into is None else (st.container(), None)
    kinds = list(KINDS)
    kind = left.selectbox(
        "What is it?",
        kinds,
        index=kinds.index(found.kind),
        format_func=lambda name: f"{KINDS[name].label}: {KINDS[name].help}",
        key=f"up-kind{mark}",
    )
    return kind, into or upload_dataset.choose(right, [files[0]["name"]], [found], chosen)


def _complete(kind: Kind, mapping: dict[str, str]) -> bool:
    """Whether all that is needed is chosen; what is not is told."""
    gaps = kind.missing(set(mapping))
    if kind.name == "orders" and "user_id" not in mapping:
        st.warning(
            "No column says who bought: the rows will count in revenue and for no customer. Choose 'Customer' if one"
            " does.",
            icon=":material/help:",
        )
    if gaps:
        labels = words.listed([kind.column(gap).label for gap in gaps])
        st.warning(f"Still to be chosen: {labels}.", icon=":material/help:")
    return not gaps


def _submit(ready: list[Settings]) -> None:
    sent: list[File] = []
    try:
        for settings in ready:
            job = state.manager().submit(
                "import", settings["dataset"], settings, label=f"Import of {settings['file']}"
            )
            sent.append({"path": settings["path"], "name": settings["file"], "job": job})
    except UserError as problem:
        parts.error(problem)
        if not sent:
            return
    st.session_state["_imports"] = sent
    st.rerun()


def _done(dataset: str, came: list[File], files: list[File]) -> None:
    """Forget the files that came in and show the dataset; their receipts are on top of the list below."""
    _forget(came)
    gone = {file["path"] for file in came}
    st.session_state["_upload"] = [file for file in files if file["path"] not in gone]
    st.session_state["_imports"] = [file for file in st.session_state["_imports"] if file["path"] not in gone]
    st.session_state["_just_imported"] = (dataset, len(came))
    context.open_dataset(dataset)
    st.rerun()


def _forget(files: list[File]) -> None:
    for file in files:
        state.store().forget_upload(Path(file["path"]))
