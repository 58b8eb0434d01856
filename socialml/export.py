"""Tables as CSV that a spreadsheet opens safely and with its Chinese intact."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

# A cell that begins so would be run as a formula.
_FORMULA = r"^[=+\-@\t\r]"


def csv_bytes(table: pa.Table) -> bytes:
    """UTF-8 with a mark (so that Excel reads Chinese); text cells and headers that look like formulas get a '."""
    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            risky = pc.match_substring_regex(column, _FORMULA)
            if pc.any(risky).as_py():
                column = pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
        columns.append(column)
    names = ["'" + name if name[:1] in tuple("=+-@\t\r") else name for name in table.column_names]
    out = io.BytesIO()
    out.write("\ufeff".encode())
    pyarrow.csv.write_csv(pa.table(columns, names=names), out)
    return out.getvalue()
