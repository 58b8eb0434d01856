from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest

from socialml.analyses import _checks as checks
from socialml.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Settings:
    k: int = 5
    seed: int = 0


def test_what_is_not_given_keeps_its_default_and_no_other_name_gets_in() -> None:
    assert checks.fields({"k": 3}, Settings()) == {"k": 3, "seed": 0}
    with pytest.raises(UserError, match="no setting 'kk'") as caught:
        checks.fields({"kk": 3}, Settings())
    assert caught.value.hint == "Use some of: k, seed."


def test_good_values_pass() -> None:
    assert checks.whole("k", 10, 2, 10) == 10
    assert checks.seed(0) == 0
    assert checks.number("skew", 1, 0, 100) == 1
    assert checks.share("part", 0.5) == 0.5
    assert checks.choice("scale", "zscore", ("zscore", "none")) == "zscore"
    assert checks.names("drop", ["a", "b", "a"]) == ("a", "b")
    assert checks.text("target", None, "a column") is None
    assert checks.day("as_of", "2025-09-30") == checks.day("as_of", date(2025, 9, 30)) == date(2025, 9, 30)


@pytest.mark.parametrize(
    "check",
    [
        lambda: checks.whole("k", 11, 2, 10),
        lambda: checks.whole("k", True, 0, 10),
        lambda: checks.whole("k", 3.0, 2, 10),
        lambda: checks.seed(2**31),
        lambda: checks.number("skew", float("nan"), 0, 100),
        lambda: checks.number("skew", "1", 0, 100),
        lambda: checks.share("part", 1),
        lambda: checks.share("part", False),
        lambda: checks.choice("scale", "log", ("zscore", "none")),
        lambda: checks.choice("scale", ["zscore"], ("zscore", "none")),
        lambda: checks.names("drop", "a"),
        lambda: checks.names("drop", [1]),
        lambda: checks.names("models", ["tree", "forest"], ("tree",)),
        lambda: checks.text("target", "", "a column"),
        lambda: checks.day("as_of", "30.9.2025"),
        lambda: checks.day("as_of", datetime(2025, 9, 30, 12)),
    ],
)
def test_a_bad_value_is_named_with_its_setting_and_a_way_out(check: Callable[[], Any]) -> None:
    with pytest.raises(UserError) as caught:
        check()
    assert caught.value.code == "bad_config"
    assert caught.value.message.split()[0] in (
        "k",
        "seed",
        "skew",
        "part",
        "scale",
        "drop",
        "models",
        "target",
        "as_of",
    )
    assert caught.value.hint
