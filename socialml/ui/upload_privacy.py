"""Before an import: whether customers' ids are hashed, and which columns are left out because they look private."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from socialml import words
from socialml.ingest import Inspection
from socialml.schema import Kind, names_user
from socialml.ui import parts, state


def choose(
    files: Sequence[Inspection], kind: Kind, mapping: dict[str, str], into: dict[str, Any], mark: str
) -> dict[str, Any]:
    """{hash_ids, keep} as the user leaves them. into: the dataset; it takes hash_ids, asked once for all its files.

    mark: ends the widgets' keys.
    """
    users = {mapping["user_id"]} if "user_id" in mapping else set()
    if not kind.columns or (kind.of_customers and not users):
        users = {header for header in files[0].header if names_user(header)}
    if users and "hash_ids" not in into:
        into["hash_ids"] = _hashed(into["dataset"])
    hashed = bool(users) and into["hash_ids"]
    looks = {one["header"]: one["looks_like"] for file in files for one in file.private}
    needed = {mapping[c.name] for c in kind.columns if c.name in mapping and (c.required or c.type == "id")}
    for header in sorted(needed & users & looks.keys()):
        if not hashed:
            st.warning(
                parts.plain(
                    f"'{header}' says who the customers are, and looks like {looks[header]}: better hash it."
                ),
                icon=":material/lock_open:",
            )
    kept: list[str] = []
    private = [header for header in looks if header not in needed and not (hashed and header in users)]
    if private:
        told = words.listed([f"'{header}' ({looks[header]})" for header in private])
        st.warning(
            parts.plain(f"Left out, because it looks private: {told}."), icon=":material/visibility_off:"
        )
        kept = st.multiselect("Keep nevertheless", private, key=f"up-keep{mark}", placeholder="None")
    return {"hash_ids": hashed, "keep": kept}


def _hashed(dataset: str) -> bool:
    way = state.store().ids_kept(dataset)
    settled = way is not None and way[0] == "hashed"
    return st.toggle(
        "Hash customer ids",
        value=settled,
        disabled=way is not None,
        key="up-hash" if way is None else f"up-hash-{way[0]}",
        help="Stores a keyed hash in place of each id. The key is a file beside the store, never in it. All files of a"
        " dataset are treated alike" + (", as it was begun." if way else "."),
    )
