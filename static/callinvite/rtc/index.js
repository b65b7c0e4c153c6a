/**
 * What the media of calls offers to pages.
 */

export { VIDEO_PEOPLE_MAX } from "./budget.js";
export { LocalMedia } from "./local-media.js";
export { keyOf } from "./peer.js";
export { CallTab } from "./tab.js";
export { Talk } from "./talk.js";
