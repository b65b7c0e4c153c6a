"""Draws the PNG icons with Chromium: `python docs/screenshots/icons.py`. Run it after changing app.svg or badge.svg."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[2] / "static" / "callinvite" / "icons"
ICONS = {
    "app-180.png": ("app.svg", 180, 0.0),
    "app-192.png": ("app.svg", 192, 0.0),
    "app-512.png": ("app.svg", 512, 0.0),
    "app-maskable-512.png": ("app.svg", 512, 0.1),
    "badge-96.png": ("badge.svg", 96, 0.0),
}
"""By file name: the drawing, the size in pixels, and the margin that a phone may cut off, as a share of the size."""
GROUND = "#2f55d4"


def main() -> None:
    """Write every icon next to its drawing."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (source, size, margin) in ICONS.items():
            drawing = (FOLDER / source).read_text()
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
