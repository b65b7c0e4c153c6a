"""Reads the QR code in a picture, as the camera of a phone does: by another program than the one that drew it."""

from __future__ import annotations

from base64 import b64encode

import zxingcpp
from playwright.sync_api import Page

PIXELS = """async (picture) => {
  const image = new Image();
  image.src = picture;
  await image.decode();
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  // How light each pixel is, as the eye weighs the colours.
  const light = [];
  for (let at = 0; at < data.length; at += 4) {
    light.push(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]));
  }
  return { width, height, light };
}"""


def read(page: Page) -> list[str]:
    """What the codes say that are seen on a page now.

    Args:
        page: it is photographed, and its browser tells the pixels.
    """
    picture = f"data:image/png;base64,{b64encode(page.screenshot()).decode()}"
    seen = page.evaluate(PIXELS, picture)
    pixels = memoryview(bytearray(seen["light"])).cast("B", (seen["height"], seen["width"]))
    return [each.text for each in zxingcpp.read_barcodes(pixels)]
