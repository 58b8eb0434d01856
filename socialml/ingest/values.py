"""Text cells -> typed values, one plan a column.

A cell that is written as a program writes it (digits and a point, nothing else) takes DuckDB's plain cast;
only the few others (signs, separators, words for 'missing') go the patient way, which gives the reason for
what it cannot read. Each step is a column of its own and is referred to by name, so that nothing is computed
twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from socialml.ingest.dates import NULL_WORDS, Fetch
from socialml.schema import SQL_TYPES, ColumnType

__all__ = ["Cast", "Fetch", "cast", "trimmed", "without_null_words"]

NOT_A_NUMBER, NOT_WHOLE, TOO_LARGE = "not a number", "not a whole number", "too large"
NOT_A_FLAG = "not yes or no"
NOT_A_SHARE = "not between 0 and 100%"
MISSING, NOT_A_TIME, OUT_OF_RANGE = "missing", "not a date or time", "date before 1900 or after 2199"
# Words in an id column that mean nobody. Not every null word: 'na' or '-' may be a shop's own id.
NOBODY = ("null", "nan", "none", r"\n", "<na>", "n/a", "#n/a")
_SIGNS = r"(?:CNY|RMB|USD|EUR|GBP|HK\$|US\$|[¥￥$€£元])"
_NUMBER = r"(?:[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,3})?"
AMOUNT = rf"\(?(?:[-+]? ?{_SIGNS}? ?|{_SIGNS} ?[-+]){_NUMBER} ?{_SIGNS}?\)?"
_SCALED = AMOUNT.replace(_NUMBER, f"{_NUMBER}(?: ?[万亿wW])?")
_COMMA_NUMBER = "(?:[0-9]{1,3}(?:[. \u00a0\u202f][0-9]{3})+|[0-9]+)?(?:,[0-9]*)?"
_COMMA_SCALED = AMOUNT.replace(_NUMBER, f"{_COMMA_NUMBER}(?: ?[万亿wW])?")
_ODD_SPACES = " || chr(9) || chr(160) || chr(12288) || chr(65279)"


@dataclass
class Cast:
    """How one field is made from one column of `raw`.

    steps: levels of {name: SQL}; a level uses the names of those before it. The last gives f_<name>, the
    typed value. value: SQL over them of the trimmed text, NULL where nothing is given.
    problems: (condition, reason) pairs; the first that is true rejects the row.
    """

    name: str
    header: str
    steps: list[dict[str, str]]
    value: str
    problems: list[tuple[str, str]] = field(default_factory=list)
    rounded: str | None = None  # condition: had more decimals than are stored
    percents: str | None = None  # condition: a share above 1 without a sign, or beside many of these
    damaged: str | None = None  # condition: an id in the form 6.9E+18, whose digits are lost
    secret: bool = False  # stored as a pseudonym and never shown


def trimmed(column: str, odd_spaces: bool) -> str:
    """SQL for a cell without the spaces around it, NULL where nothing is left."""
    if odd_spaces:
        return f"nullif(trim({column}, ' '{_ODD_SPACES}), '')"
    # Trimming costs as much as casting. Empty text and leading blanks of any sort sort before '!'.
    return f"CASE WHEN {column} < '!' OR ends_with({column}, ' ') THEN nullif(trim({column}), '') ELSE {column} END"


def without_null_words(value: str) -> str:
    return f"CASE WHEN NOT {_is_word(value, NULL_WORDS)} THEN {value} END"


def _is_word(value: str, words: tuple[str, ...]) -> str:
    """SQL: whether a value is one of some words, in any case. Not IN: DuckDB makes a join of a long list."""
    pattern = "|".join(re.escape(word) for word in words)
    longest = max(len(word.encode()) for word in words)
    return f"(strlen({value}) <= {longest} AND regexp_full_match(lower({value}), '{pattern}'))"


def cast(
    fetch: Fetch, name: str, kind: ColumnType, header: str, column: str, odd_spaces: bool, first: list[str],
    usual: float = 1.0, *, comma: bool = False, fen: bool = False,
) -> Cast:  # fmt: skip
    """How a field that is not a time is read. first: the column's first cells.

    comma: numbers have a decimal comma. fen: amounts are in hundredths.
    """
    clean = trimmed(column, odd_spaces)
    if kind == "text":
        return Cast(name, header, [{f"f_{name}": clean}], f"f_{name}")
    if kind == "id":
        return _id(fetch, name, header, column, clean, first)
    if kind == "share":
        return _share(fetch, name, header, clean, usual)
    a, o, t, v, n = (f"{letter}_{name}" for letter in "aotvn")
    steps = [
        {a: f"try_cast({column} AS {SQL_TYPES[kind]})"},
        {o: f"{column} IS NOT NULL AND ({_odd(kind, a, column, comma, fen)})"},  # is for the patient
        {t: f"CASE WHEN {o} THEN {clean} END"},
        {v: f"CASE WHEN {o} THEN {without_null_words(t)} END"},
    ]
    made = Cast(name, header, steps, f"CASE WHEN {o} THEN {v} ELSE {column} END")
    if kind == "flag":
        steps.append({f"f_{name}": f"CASE WHEN {o} THEN try_cast({v} AS BOOLEAN) ELSE {a} END"})
        made.problems = [(f"{o} AND {v} IS NOT NULL AND f_{name} IS NULL", NOT_A_FLAG)]
        return made
    steps.append({n: f"CASE WHEN {o} THEN {plain_number(v, comma)} END"})
    made.problems = [(f"{o} AND {v} IS NOT NULL AND {n} IS NULL", NOT_A_NUMBER)]
    _number(made, kind, fen)
    return made


def _id(fetch: Fetch, name: str, header: str, column: str, clean: str, first: list[str]) -> Cast:
    o, t, v, f = (f"{letter}_{name}" for letter in "otvf")
    longest = max(map(len, NOBODY))
    steps = [
        {o: f"{column} < '!' OR strlen({column}) <= {longest} OR {clean} <> {column}"},
        {t: f"CASE WHEN {o} THEN {clean} END"},
        {v: f"CASE WHEN NOT {o} THEN {column} WHEN NOT {_is_word(t, NOBODY)} THEN {t} END"},
    ]
    # Only where every id ends with .0 was it a float's doing, as pandas writes whole numbers with gaps.
    floats = all(cell.strip().endswith(".0") for cell in first if cell.strip().lower() not in ("", *NOBODY))
    if floats:
        bare = f"SELECT CASE WHEN NOT {_is_word('t', NOBODY)} THEN t END AS v FROM (SELECT {clean} AS t FROM raw)"
        given, decimal = fetch(f"SELECT count(v), count(*) FILTER (WHERE ends_with(v, '.0')) FROM ({bare})")[
            0
        ]
        floats = 0 < given == decimal
    if not floats:
        steps[-1] = {f: steps[-1][v]}
        return Cast(name, header, steps, f, damaged=f"contains({f}, 'E+')")
    steps.append({f: f"{v}[:-3]"})
    return Cast(name, header, steps, v, damaged=f"contains({v}, 'E+')")


def _share(fetch: Fetch, name: str, header: str, clean: str, usual: float) -> Cast:
    """0.05 and 5% are the same; without a sign, 5 is too, and 0.8 where most of the column is above `usual`."""
    t, v, p, n, a, f = (f"{letter}_{name}" for letter in "tvpnaf")
    bare = f"SELECT try_cast({clean} AS DOUBLE) AS bare FROM raw"
    above, given = fetch(f"SELECT count(*) FILTER (bare > {usual}), count(bare) FROM ({bare})")[0]
    whole = above * 2 > given
    steps = [
        {t: clean},
        {v: without_null_words(t)},
        {p: f"regexp_matches({v}, '[%％]$')", n: plain_number(f"rtrim({v}, '%％ ')")},
        {a: f"try_cast({n} AS DOUBLE)"},
        {f: f"CASE WHEN {p} OR {whole} OR {a} > 1 THEN {a} / 100 ELSE {a} END"},
    ]
    made = Cast(name, header, steps, v, percents=f"NOT {p} AND {f} <> {a}")
    made.problems = [
        (f"{v} IS NOT NULL AND {a} IS NULL", NOT_A_NUMBER),
        (f"NOT {f} BETWEEN 0 AND 1", NOT_A_SHARE),
    ]
    return made


def _odd(kind: ColumnType, made: str, column: str, comma: bool, fen: bool) -> str:
    """SQL: whether the plain cast of a cell cannot be trusted. made: the cast's column."""
    if fen:
        return "true"
    points = f"contains({column}, '.') OR " if comma and kind != "flag" else ""
    return (
        points
        + {
            "money": (
                f"{made} IS NULL OR (contains({column}, '.') AND length({column}) - instr({column}, '.') > 4)"
                f" OR contains({column}, 'e') OR contains({column}, 'E') OR contains({column}, '_')"
            ),
            "number": f"{made} IS NULL OR NOT isfinite({made}) OR contains({column}, '_')",
            "integer": f"{made} IS NULL OR {made}::VARCHAR <> {column}",
            "flag": f"{made} IS NULL",
        }[kind]
    )


def _number(made: Cast, kind: ColumnType, fen: bool) -> None:
    """The last steps of a patient number: n_<name>, its text as a program writes it -> f_<name>."""
    a, o, n, e, f = (f"{letter}_{made.name}" for letter in "aonef")
    large = (f"{n} IS NOT NULL AND {f} IS NULL", TOO_LARGE)
    if kind == "number":
        made.steps.append({f: f"CASE WHEN {o} THEN try_cast({n} AS DOUBLE) ELSE {a} END"})
        made.problems += [(f"{o} AND NOT isfinite({f})", TOO_LARGE), large]
        return
    exact = (
        f"try_cast({n} AS DECIMAL(36,16)) * 0.01::DECIMAL(2,2)" if fen else f"try_cast({n} AS DECIMAL(38,18))"
    )
    made.steps.append({e: f"CASE WHEN {o} THEN {exact} END"})
    if kind == "integer":
        whole = f"WHEN {e} = trunc({e}) THEN try_cast({e} AS BIGINT)"
        made.problems.append((f"{e} <> trunc({e})", NOT_WHOLE))
    else:
        whole = f"WHEN {e} IS NOT NULL THEN try_cast({half_even(e)} AS DECIMAL(18,4))"
        made.rounded = f"{e} <> {f}"
    made.steps.append({f: f"CASE WHEN NOT {o} THEN {a} {whole} END"})
    made.problems.append(large)


def plain_number(value: str, comma: bool = False) -> str:
    """SQL for an amount as a program writes it: '(￥1,234.50)' -> '-1234.50', '12.5万' or '12.5w' -> '12.5e4';
    NULL where it is none. comma: '1.234,50' -> '1234.50'."""
    digits = f"regexp_replace({value}, '[^0-9.eE+-]|EUR|RMB|USD|CNY|GBP', '', 'g')"
    if comma:
        digits = f"replace(regexp_replace({value}, '[^0-9,+-]', '', 'g'), ',', '.')"
    scale = f"CASE WHEN regexp_matches({value}, '[万wW]') THEN 'e4' WHEN contains({value}, '亿') THEN 'e8' ELSE '' END"
    signed = f"CASE WHEN starts_with({value}, '(') THEN '-' || {digits} ELSE {digits} END || {scale}"
    brackets = f"starts_with({value}, '(') = ends_with({value}, ')')"
    form = _COMMA_SCALED if comma else _SCALED
    given = f"regexp_matches({value}, '[0-9]') AND regexp_full_match({value}, '{form}') AND {brackets}"
    return f"CASE WHEN {given} THEN {signed} END"


def half_even(exact: str) -> str:
    """SQL that rounds a DECIMAL(38,18) to 4 places, a half to the even neighbour."""
    cut = f"trunc({exact}, 4)"
    odd = f"(abs({cut}) * 10000)::HUGEINT % 2 = 1"
    tie = f"abs({exact} - {cut}) = 0.00005::DECIMAL(38,18)"
    return f"CASE WHEN {tie} AND NOT {odd} THEN {cut} ELSE round({exact}, 4) END"
