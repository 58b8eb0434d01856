"""Find a Chromium for the browser tests: one on PATH, else Playwright's own, else Debian's package when root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a browser that is already here."""
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    if on_path:
        return on_path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def main() -> int:
    if find():
        return 0
    print("No Chromium found; fetching one for the browser tests.", flush=True)
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in attempts:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
        if done.returncode:
            print(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}", flush=True)
        elif find():
            return 0
    print("The browser tests need a Chromium and none could be had. Install one so that it is on PATH.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
