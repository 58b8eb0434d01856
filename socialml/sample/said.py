"""What comments say: praise, questions, complaints, by how satisfied their writer is and by the category."""

from __future__ import annotations

import numpy as np

from . import model
from .behaviour import NONE, Events
from .users import Ints


def comments(rng: np.random.Generator, events: Events, satisfaction: Ints) -> Ints:
    """(events,) place in all texts of model.COMMENTS, row after row; NONE where an event is no comment.

    satisfaction: (users,) 1 to 5.
    """
    at = np.flatnonzero(events.comment != NONE)
    level = satisfaction[events.user[at]] - 1
    disliked = events.category[at] == model.CATEGORIES.index(model.DISLIKED)
    complaint = model.COMPLAINT[level] + model.MORE_COMPLAINTS * disliked
    drawn = rng.random(len(at))
    row = np.where(drawn < complaint, 2, np.where(drawn < complaint + model.PRAISE[level], 0, 1))
    sizes = np.array([len(texts) for texts in model.COMMENTS])
    english = np.array(model.ENGLISH)[row]
    first = np.where(rng.random(len(at)) < model.ENGLISH_SHARE, sizes[row] - english, 0)
    width = np.where(first > 0, english, sizes[row] - english)
    text = first + (rng.random(len(at)) * width).astype(np.int64)
    out = np.full(len(events.comment), NONE)
    out[at] = (np.cumsum(sizes) - sizes)[row] + text
    return out
