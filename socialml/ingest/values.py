"""Text cells -> typed values, one plan a column.

Each column is probed first. A tidy one (digits and a point, nothing else) gets DuckDB's plain cast; one
with signs, separators or words for 'missing' gets the patient expression, and reasons for what it cannot
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from socialml.ingest.dates import NULL_WORDS, Fetch
from socialml.schema import SQL_TYPES, ColumnType

NOT_A_NUMBER, NOT_WHOLE, TOO_LARGE = "not a number", "not a whole number", "too large"
MISSING, NOT_A_TIME, OUT_OF_RANGE = "missing", "not a date or time", "date before 1900 or after 2199"
# Words in an id column that mean nobody. Not every null word: 'na' or '-' may be a shop's own id.
_NOBODY = ("null", "nan", "none", r"\n", "<na>", "n/a", "#n/a")
_SIGNS = r"(?:CNY|RMB|USD|EUR|GBP|HK\$|US\$|[¥￥$€£元])"
_NUMBER = r"(?:[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?"
AMOUNT = rf"\(?(?:[-+]? ?{_SIGNS}? ?|{_SIGNS} ?[-+]){_NUMBER} ?{_SIGNS}?\)?"
_ODD_SPACES = " || chr(9) || chr(160) || chr(12288) || chr(65279)"


@dataclass
class Cast:
    """How one field is made from one column of `raw`.

    value: SQL of the trimmed text, NULL where nothing is given. sql: the typed value.
    problems: (condition, reason) pairs; the first that is true rejects the row.
    """

    name: str
    header: str
    value: str
    sql: str
    problems: list[tuple[str, str]] = field(default_factory=list)
    rounded: str = "false"  # condition: had more decimals than are stored
    damaged: int = 0  # ids in the form 6.9E+18, whose digits are lost


def trimmed(column: str, odd_spaces: bool) -> str:
    """SQL for a cell without the spaces around it, NULL where nothing is left."""
    if odd_spaces:
        return f"nullif(trim({column}, ' '{_ODD_SPACES}), '')"
    return f"nullif(trim({column}), '')"


def tidy(fetch: Fetch, columns: list[str], odd_spaces: bool) -> dict[str, str]:
    """Each column -> SQL of its value. Trimming costs as much as casting: only where needed is it done."""
    if odd_spaces:
        return {column: trimmed(column, True) for column in columns}
    # Empty text and leading blanks of any sort sort before '!'.
    found: dict[str, str] = {}
    for begin in range(0, len(columns), 50):
        part = columns[begin : begin + 50]
        needed = ", ".join(f"count(*) FILTER (WHERE {c} < '!' OR ends_with({c}, ' '))" for c in part)
        counts = fetch(f"SELECT {needed} FROM raw")[0]
        found |= {c: trimmed(c, False) if n else c for c, n in zip(part, counts, strict=True)}
    return found


def without_null_words(value: str) -> str:
    return f"CASE WHEN NOT {_is_word(value, NULL_WORDS)} THEN {value} END"


def _is_word(value: str, words: tuple[str, ...]) -> str:
    """SQL: whether a value is one of some words, in any case. Not IN: DuckDB makes a join of a long list."""
    pattern = "|".join(re.escape(word) for word in words)
    return f"(length({value}) <= {max(map(len, words))} AND regexp_full_match(lower({value}), '{pattern}'))"


def plan(
    fetch: Fetch, columns: list[tuple[str, ColumnType, str, str]], value_of: dict[str, str]
) -> list[Cast]:
    """A Cast for each (field, type, header, raw column) that is not a time; one pass over `raw` for all."""
    probes = [_probe(kind, column) for _, kind, _, column in columns]
    counts = (
        fetch(f"SELECT {', '.join(part for probe in probes for part in probe)} FROM raw")[0]
        if columns
        else ()
    )
    casts = []
    position = 0
    for (name, kind, header, column), probe in zip(columns, probes, strict=True):
        found = counts[position : position + len(probe)]
        position += len(probe)
        casts.append(_cast(name, kind, header, column, value_of[column], found))
    return casts


def _probe(kind: ColumnType, column: str) -> list[str]:
    """Counts that decide how a column is read."""
    if kind == "id":
        return [
            f"count({column})",
            f"count(*) FILTER (WHERE ends_with({column}, '.0'))",
            f"count(*) FILTER (WHERE contains({column}, 'E+'))",
            f"count(*) FILTER (WHERE {_is_word(column, _NOBODY)})",
        ]
    if kind == "text":
        return ["0"]
    made = f"try_cast({column} AS {SQL_TYPES[kind]})"
    odd = {
        "money": (
            f"{made} IS NULL OR (contains({column}, '.') AND length({column}) - instr({column}, '.') > 4)"
            f" OR contains({column}, 'e') OR contains({column}, 'E') OR contains({column}, '_')"
        ),
        "number": f"{made} IS NULL OR NOT isfinite({made}) OR contains({column}, '_')",
        "integer": f"{made} IS NULL OR {made}::VARCHAR <> {column}",
        "flag": f"{made} IS NULL",
    }[kind]
    return [f"count(*) FILTER (WHERE {column} IS NOT NULL AND ({odd}))"]


def _cast(name: str, kind: ColumnType, header: str, column: str, value: str, found: tuple) -> Cast:
    if kind == "text":
        return Cast(name, header, value, value)
    if kind == "id":
        given, decimal, damaged, nobody = found
        if nobody:
            value = f"CASE WHEN NOT {_is_word(value, _NOBODY)} THEN {value} END"
        # Only where every id ends with .0 was it a float's doing, as pandas writes whole numbers with gaps.
        made = f"{value}[:-3]" if given and decimal == given - nobody else value
        return Cast(name, header, value, made, damaged=damaged)
    if not found[0]:
        return Cast(name, header, column, f"try_cast({column} AS {SQL_TYPES[kind]})")
    value = without_null_words(value)
    if kind == "flag":
        made = f"try_cast({value} AS BOOLEAN)"
        return Cast(name, header, value, made, [(f"{value} IS NOT NULL AND {made} IS NULL", "not yes or no")])
    number = plain_number(value)
    unreadable = (f"{value} IS NOT NULL AND {number} IS NULL", NOT_A_NUMBER)
    if kind == "number":
        made = f"try_cast({number} AS DOUBLE)"
        return Cast(name, header, value, made, [unreadable, (f"NOT isfinite({made})", TOO_LARGE)])
    exact = f"try_cast({number} AS DECIMAL(38,18))"
    if kind == "integer":
        whole = f"CASE WHEN {exact} = trunc({exact}) THEN try_cast({exact} AS BIGINT) END"
        large = (f"{number} IS NOT NULL AND {whole} IS NULL", TOO_LARGE)
        problems = [unreadable, (f"{exact} <> trunc({exact})", NOT_WHOLE), large]
        return Cast(name, header, value, whole, problems)
    money = f"try_cast({half_even(exact)} AS DECIMAL(18,4))"
    large = (f"{number} IS NOT NULL AND {money} IS NULL", TOO_LARGE)
    return Cast(name, header, value, money, [unreadable, large], rounded=f"{exact} <> {money}")


def plain_number(value: str) -> str:
    """SQL for an amount as a program writes it: '(￥1,234.50)' -> '-1234.50'; NULL where it is none."""
    digits = f"regexp_replace({value}, '[^0-9.eE+-]|EUR|RMB|USD|CNY|GBP', '', 'g')"
    signed = f"CASE WHEN starts_with({value}, '(') THEN '-' || {digits} ELSE {digits} END"
    brackets = f"starts_with({value}, '(') = ends_with({value}, ')')"
    given = f"regexp_matches({value}, '[0-9]') AND regexp_full_match({value}, '{AMOUNT}') AND {brackets}"
    return f"CASE WHEN {given} THEN {signed} END"


def half_even(exact: str) -> str:
    """SQL that rounds a DECIMAL(38,18) to 4 places, a half to the even neighbour."""
    cut = f"trunc({exact}, 4)"
    odd = f"(abs({cut}) * 10000)::HUGEINT % 2 = 1"
    tie = f"abs({exact} - {cut}) = 0.00005::DECIMAL(38,18)"
    return f"CASE WHEN {tie} AND NOT {odd} THEN {cut} ELSE round({exact}, 4) END"
