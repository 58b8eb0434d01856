"""Private columns and hashed ids before an import, and erasing a customer after it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from socialml.schema import KINDS
from socialml.ui import state, upload_privacy

ORDERS = ["buyer_id,order_date,amount,手机号"] + [
    f"u{i % 3},2024-01-{i + 1:02d},{i}.5,138{i * 7919 % 10000:04d}{i:04d}" for i in range(9)
]


def test_from_the_switch_to_the_erased_customer(open_app, tmp_path: Path):
    app = open_app("data")
    file = tmp_path / "dropped" / "shop orders.csv"  # a folder of its own, as the page makes it
    file.parent.mkdir()
    file.write_text("\n".join(ORDERS))
    app.session_state["_upload"] = [{"path": str(file), "name": file.name}]
    app.run()
    told = [told.value.replace("\\", "") for told in app.warning]
    assert "Left out, because it looks private: '手机号' (phone numbers)." in told
    assert app.multiselect(key="up-keep").options == ["手机号"]
    app.toggle(key="up-hash").set_value(True).run()
    app.button(key="up-import").click().run()
    state.manager().wait(state.manager().jobs()[0].id, timeout=60)
    app.run()
    assert not app.exception
    receipt = state.store().imports("shop orders")[0].receipt
    assert (receipt["user_ids"], [one["header"] for one in receipt["left_out"]]) == ("hashed", ["手机号"])
    app.query_params["data-tab"] = "Undo or delete"
    app.run()
    form = {"nobody": "holds no customer 'nobody'", "u1": "Customer u1 is erased: 3 order lines"}
    for user, sentence in form.items():
        app.text_input(key="erase-user").set_value(user)
        next(button for button in app.button if button.label == "Erase the customer").click().run()
        assert not app.exception
        assert any(sentence in told.value.replace("\\", "") for told in [*app.error, *app.success])
    assert state.store().tables("shop orders") == {"orders": 6}


def test_a_column_that_names_customers_asks_for_hashing_though_it_is_not_chosen(monkeypatch):
    """It is stored with rejected rows, and a dataset of hashed ids would refuse the file."""
    monkeypatch.setattr(upload_privacy, "_hashed", lambda dataset: True)
    seen = SimpleNamespace(header=["buyer_id", "order_date", "amount"], private=[])
    asked = [
        upload_privacy.choose([seen], KINDS[kind], {}, {"dataset": "shop"}, "")["hash_ids"]
        for kind in ("orders", "records", "creators")
    ]
    assert asked == [True, True, False]
