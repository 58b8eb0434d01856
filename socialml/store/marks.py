"""What people say of single rows: true or false alarm. By dataset and a key made from the row's content, so that
it survives a new run and another import of the same file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from socialml.store.connection import now
from socialml.store.datasets import Datasets

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd  # half a second that a command like `datasets` need not wait for
    from numpy.typing import NDArray

    Keys: TypeAlias = NDArray[np.uint64]


# SQL of a row's key: of an order line by its content and which of its equals it is.
LINE = "concat_ws(chr(31), user_id, coalesce(order_id, ''), ts_local::VARCHAR, coalesce(item_id, ''), amount::VARCHAR)"
LINE_KEY = "md5_number_lower(concat_ws(chr(31), content, occurrence::VARCHAR))"


class Marks(Datasets):
    def mark(self, dataset: str, keys: Iterable[int], wrong: bool | None) -> None:
        """Mark rows as really wrong, or as a false alarm; None takes their marks back."""
        chosen = [int(key) for key in keys]
        with self.write() as con:
            own = self.dataset(dataset, con).id
            for key in chosen:
                con.execute("DELETE FROM marks WHERE dataset_id = ? AND key = ?", [own, key])
                if wrong is not None:
                    con.execute("INSERT INTO marks VALUES (?, ?, ?, ?)", [own, key, wrong, now()])

    def marks(self, dataset: str) -> pd.DataFrame:
        """key (uint64), wrong (bool), marked_at; newest first."""
        with self.read() as con:
            return con.execute(
                "SELECT key, wrong, marked_at FROM marks WHERE dataset_id = ? ORDER BY marked_at DESC, key",
                [self.dataset(dataset, con).id],
            ).df()

    def set_labels(self, dataset: str, keys: Keys | None) -> None:
        """The rows known to be wrong, all others being right; in place of earlier ones. None: nothing is known."""
        with self.write() as con:
            own = self.dataset(dataset, con).id
            con.execute("DELETE FROM labels WHERE dataset_id = ?", [own])
            if keys is not None:
                import pyarrow as pa

                con.register("label_rows", pa.table({"key": pa.array(keys, type=pa.uint64())}))
                con.execute("INSERT INTO labels SELECT DISTINCT ?, key FROM label_rows", [own])
                con.unregister("label_rows")

    def labels(self, dataset: str) -> Keys | None:
        """The rows known to be wrong, ascending; None where nobody has said."""
        with self.read() as con:
            found = con.execute(
                "SELECT key FROM labels WHERE dataset_id = ? ORDER BY key", [self.dataset(dataset, con).id]
            ).to_arrow_table()["key"]
        return found.to_numpy() if len(found) else None
