"""Draws the PNG icons from app.svg with Chromium: `python docs/screenshots/icons.py`. Run it after changing app.svg."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[2] / "static" / "callinvite" / "icons"
ICONS = {
    "app-180.png": (180, 0.0),
    "app-192.png": (192, 0.0),
    "app-512.png": (512, 0.0),
    "app-maskable-512.png": (512, 0.1),
}
"""File name: size in pixels, and the margin that a phone may cut off, as a share of the size."""
GROUND = "#2f55d4"


def main() -> None:
    """Write every icon beside the drawing."""
    drawing = (FOLDER / "app.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (size, margin) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            inner = round(size * (1 - 2 * margin))
            ground = GROUND if margin else "transparent"
            page.set_content(
                f"<style>body{{margin:0;background:{ground};display:grid;place-items:center;height:100vh}}"
                f"svg{{width:{inner}px;height:{inner}px}}</style>{drawing}"
            )
            page.screenshot(path=FOLDER / name, omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
