"""A running demo → the pictures of the docs: ``dkd demo --detach``, then ``python docs/screenshots.py``.

Needs playwright and a Chromium, as the tests do; with the explorer somewhere else, its address is the one argument.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZES = {"explorer": (1400, 1000), "explorer-phone": (390, 844)}


def main(address: str) -> None:
    """Write a picture of each size."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            page.get_by_text("newest event").first.wait_for(timeout=60_000)
            page.wait_for_timeout(3_000)  # the last of its questions are answered
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:28209")
