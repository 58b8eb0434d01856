"""Segments as they were before the first month that judges: a segment known later would know the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from socialml.analyses._forecast_inputs import labels
from socialml.errors import UserError
from socialml.features.sequences import Sequences

if TYPE_CHECKING:
    from socialml.analyses.forecast import Inputs


def made_before(inputs: Inputs, seq: Sequences) -> tuple[np.ndarray | None, list[str]]:
    """(n,) segments cut and named as the segments analysis does, -1 unknown then; None where it cannot."""
    from socialml.analyses import _segments as parts
    from socialml.analyses import segments
    from socialml.models import kmeans

    if inputs.before is None:
        return None, []
    frame = inputs.before.read().to_pandas()
    k = len(inputs.segment_names)
    try:
        kmeans.check_users(len(frame), k)
        z, names, _, x, _ = parts.clean(frame, inputs.measured, segments.Config())
        fit = kmeans.fit(x, k, seed=0)
    except UserError:  # too few or all alike at that time
        return None, []
    _, place, _, table = parts.named(z, names, fit, archetypes=True)
    told = pa.table({"user_id": pa.array(frame["user_id"], pa.string()), "segment": place.astype(np.int64)})
    return labels(seq, told), [str(name) for name in table["name"]]
