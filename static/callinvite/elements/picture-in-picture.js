/** The picture of a call in a small window above all others: a document of our own where browsers have that, else a video. */

/** @typedef {{documentPictureInPicture: {requestWindow(size: {width: number, height: number}): Promise<Window>}}}
 *    WithFloating what a window has (Document Picture-in-Picture) */

/** @type {Window | null} */
let floating = null;

/** @returns {boolean} whether this browser has any such window */
export function canFloat() {
  return "documentPictureInPicture" in window || document.pictureInPictureEnabled === true;
}

/** @returns {boolean} */
export function isFloating() {
  return floating !== null || document.pictureInPictureElement !== null;
}

/** Open the small window; to be called in a click.
 *  @param {() => HTMLVideoElement | null} source the picture that matters now
 *  @returns {Promise<boolean>} false if there is nothing to show, or the browser refuses */
export async function float(source) {
  const video = source();
  if (!video) {
    return false;
  }
  try {
    if ("documentPictureInPicture" in window) {
      await openWindow(source);
    } else {
      await video.requestPictureInPicture();
    }
    return true;
  } catch {
    return false;
  }
}

/** Close it. */
export function stopFloating() {
  floating?.close();
  floating = null;
  if (document.pictureInPictureElement) {
    document.exitPictureInPicture().catch(() => {});
  }
}

/** @param {() => HTMLVideoElement | null} source */
async function openWindow(source) {
  const { documentPictureInPicture } = /** @type {Window & WithFloating} */ (/** @type {unknown} */ (window));
  const opened = await documentPictureInPicture.requestWindow({ width: 360, height: 240 });
  floating = opened;
  const copy = opened.document.createElement("video");
  Object.assign(copy, { muted: true, autoplay: true, playsInline: true });
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) {
    opened.document.head.append(sheet.cloneNode());
  }
  opened.document.title = document.title;
  opened.document.body.className = "floating";
  opened.document.body.append(copy);
  const follow = () => {
    const video = source();
    const stream = video?.srcObject ?? null;
    copy.ariaLabel = video?.ariaLabel ?? null;
    if (copy.srcObject !== stream) {
      copy.srcObject = stream;
      copy.play().catch(() => {});
    }
  };
  follow();
  // The next person to speak is shown next.
  const timer = setInterval(follow, 500);
  opened.addEventListener("pagehide", () => {
    clearInterval(timer);
    floating = null;
  });
}
