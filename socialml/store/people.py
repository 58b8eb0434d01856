"""How a dataset keeps its customers' ids: as they are, or as pseudonyms under the key beside the store."""

from __future__ import annotations

from pathlib import Path

from socialml.errors import UserError
from socialml.schema import KINDS
from socialml.store import pseudonyms
from socialml.store.datasets import Datasets, ImportInfo
from socialml.store.pseudonyms import Pseudonyms


class People(Datasets):
    @property
    def key_file(self) -> Path:
        """Where the key of pseudonyms lies, once ids have been hashed: outside the store, and never copied with it."""
        return pseudonyms.key_file(self.path)

    def ids_kept(self, dataset: str) -> tuple[str, str | None] | None:
        """('plain' or 'hashed', fingerprint of the key); None while the dataset holds no customer's row."""
        if dataset not in {known.name for known in self.datasets()}:
            return None
        return next((way for info in self.imports(dataset) if (way := _way(info))), None)

    def id_key(self, dataset: str) -> Path:
        """The key file to hash ids of the next import with, made for the first of a store.

        Raises UserError ids_plain, id_key_lost, id_key_other, id_key_unreadable.
        """
        way = self.ids_kept(dataset)
        if way is None:
            pseudonyms.read_or_make(self.key_file)
        else:
            names = pseudonyms.read(self.key_file)
            self.check_ids(dataset, "hashed", names.fingerprint if names else None)
        return self.key_file

    def check_ids(self, dataset: str, ids: str | None, fingerprint: str | None) -> None:
        """Raises UserError where ids of a new import would not meet those that the dataset holds."""
        way = self.ids_kept(dataset)
        if way is None or ids is None or way == (ids, fingerprint):
            return
        if ids == "plain":
            raise UserError(
                "ids_hashed",
                f"'{dataset}' holds hashed customer ids. Those of this file would be stored as they are, and every"
                " customer would count twice.",
                "Hash them too (--hash-ids, or the switch on the Data page), or import the file into another dataset.",
            )
        if way[0] == "plain":
            raise UserError(
                "ids_plain",
                f"'{dataset}' holds customer ids as they are. Hashed ones would count as other customers.",
                "Import this file without hashing, or all files into a new dataset with hashed ids.",
            )
        lost = fingerprint is None
        raise UserError(
            "id_key_lost" if lost else "id_key_other",
            f"The customer ids of '{dataset}' were hashed with a key that "
            + (
                f"is gone: there is no file {self.key_file}."
                if lost
                else f"is not the one in {self.key_file}."
            ),
            "Put back the file that was there, or import all files into a new dataset.",
        )

    def names_of(self, dataset: str, user: str) -> set[str]:
        """What a customer may be called in the rows of a dataset. UserError id_key_lost, id_key_other."""
        way = self.ids_kept(dataset)
        if way is None or way[0] == "plain":
            return {user}
        names: Pseudonyms | None = pseudonyms.read(self.key_file)
        self.check_ids(dataset, "hashed", names.fingerprint if names else None)
        return {user, names.of(user)} if names else {user}


def _way(info: ImportInfo) -> tuple[str, str | None] | None:
    told = info.receipt
    if "user_ids" in told:
        return (told["user_ids"], told["id_key"]) if told["user_ids"] else None
    # Of a version that did not hash.
    has_users = KINDS[info.kind].of_customers and "user_id" in told.get("mapping", {"user_id": ""})
    return ("plain", None) if has_users else None
