"""Why a row is flagged, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

STRIKING = 3.0  # a surprise from which on a part is named: less than one honest row in twenty has it
FAINT = "a little unusual in several ways"
FEW = 3  # purchases before it, from which on 'this customer's usual' means something


def times(ratio: float) -> str:
    """9.2 -> '9x'; 0.11 -> '89% below'. ratio: above zero."""
    if ratio < 0.01:
        return "over 99% below"
    if ratio < 1:
        return f"{max(round(100 * (1 - ratio)), 1)}% below"
    return f"{ratio:,.0f}x" if ratio >= 3 else f"{ratio:.1f}x"


def of_purchases(rows: pd.DataFrame) -> list[str]:
    """'amount 9x this customer's usual, at 03:00, new device (iPhone)' for rows of Result.scores."""
    told = []
    for row in rows.itertuples(index=False):
        parts = []
        if row.surprise_amount >= STRIKING:
            whose = "this customer's usual" if row.before >= FEW else "what such a purchase usually costs"
            parts.append(f"amount {times(row.amount / row.usual)} {whose}")
        if row.surprise_hour >= STRIKING:
            parts.append(f"at {row.ts.hour:02d}:00")
        if row.surprise_device >= STRIKING and isinstance(row.device, str):
            kind = "new device" if not row.device_before else "rarely used device"
            parts.append(f"{kind} ({row.device})")
        alone = row.surprise_hour >= STRIKING and len(parts) == 1
        told.append((parts[0] + ", unusual for this customer" if alone else ", ".join(parts)) or FAINT)
    return told


def of_points(rows: pd.DataFrame) -> list[str]:
    """'9x what was expected (0.11)' for points of a series."""
    told = []
    for row in rows.itertuples(index=False):
        ratio = row.value / row.usual if row.usual else np.nan
        if row.usual > 0 and row.value > 0:
            told.append(f"{times(ratio)} what was expected ({row.usual:,.4g})")
        else:
            told.append(f"{row.value:,.4g} where {row.usual:,.4g} was expected")
    return told
