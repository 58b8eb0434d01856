"""The promises of the layout, checked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_imports_go_one_way() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_server_never_loads_torch_or_scikit_learn(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(demo, tmp_path / "store")
    code = f"""
import os, sys
os.environ["SOCIALML_STORE"] = {str(tmp_path / "store" / "shop.duckdb")!r}
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60)
for page in ("overview", "segments", "customers", "forecast", "anomalies", "live-policy", "campaign", "data"):
    app.switch_page(f"pages/{{page}}.py").run()
    assert not app.exception, app.exception
    assert app.title, page
print([name for name in ("torch", "sklearn", "scipy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_nothing_is_ever_unpickled() -> None:
    sources = [*ROOT.glob("socialml/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]
    assert len(sources) > 20
    for source in sources:
        text = source.read_text(encoding="utf-8")
        for word in ("import pickle", "import joblib", "joblib.load", "allow_pickle=True"):
            assert word not in text, f"{source}: {word}"
