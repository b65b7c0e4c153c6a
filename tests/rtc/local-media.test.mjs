/**
 * The devices of one person: asked for once, told apart in their troubles, and never left open.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { LocalMedia } from "../../static/callinvite/rtc/local-media.js";
import { MemoryStorage, ScriptedDevices, settled } from "./support/devices.mjs";

const BOTH = { microphone: true, camera: true };
const USUAL = ["audio built-in", "video webcam"];

/** @type {Array<{local: LocalMedia, devices: ScriptedDevices}>} */
let used = [];

function setup(ids = USUAL, storage = new MemoryStorage()) {
  const devices = new ScriptedDevices(...ids);
  const local = new LocalMedia({ devices: /** @type {any} */ (devices), storage });
  used.push({ local, devices });
  return { devices, local, storage };
}

/** The words for what is there: live, starting, or its problem. */
function sum(local) {
  const { microphone, camera, screen } = local.state;
  const word = ({ live, starting, problem }) => (live ? "live" : starting ? "starting" : (problem ?? "off"));
  return [microphone, camera, screen].map(word).join(" ");
}

afterEach(async () => {
  // Whatever a test did: once it is stopped, nothing is open, nothing wanted and nobody listens.
  const all = used;
  used = [];
  for (const { local, devices } of all) {
    devices.waits = false;
    local.stop();
    devices.questions.forEach(({ give }) => give());
    await settled();
    await settled();
    assert.deepEqual(devices.open, []);
    assert.equal(sum(local), "off off off");
    assert.equal(devices.listeners, 0);
    assert.deepEqual(local.tracks, { audio: null, video: null });
  }
});

test("microphone and camera are asked for in one question", async () => {
  const { devices, local } = setup();
  await local.open(BOTH);
  assert.deepEqual(devices.asked, ["audio+video"]);
  assert.equal(sum(local), "live live off");
  assert.deepEqual(local.media, { microphone: "on", camera: true, screen: false, hold: false });
  assert.equal(local.tracks.audio, local.microphoneTrack);
  assert.equal(local.tracks.video, local.cameraTrack);
});

test("what is there already is not asked for again", async () => {
  const { devices, local } = setup();
  await local.open({ microphone: true });
  await local.open(BOTH);
  await local.open(BOTH);
  assert.deepEqual(devices.asked, ["audio", "video"]);
});

test("what is on its way is not asked for again", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = Promise.all([local.open(BOTH), local.open(BOTH), local.open({ camera: true }), local.setMuted(false)]);
  assert.equal(sum(local), "starting starting off");
  devices.questions[0].give();
  await opened;
  assert.deepEqual(devices.asked, ["audio+video"]);
  assert.equal(sum(local), "live live off");
});

test("without a camera the microphone comes by itself", async () => {
  const { devices, local } = setup(["audio built-in"]);
  await local.open(BOTH);
  assert.deepEqual(devices.asked, ["audio+video", "audio", "video"]);
  assert.equal(sum(local), "live missing off");
  assert.deepEqual(local.media, { microphone: "on", camera: false, screen: false, hold: false });
});

test("without a microphone the camera comes by itself, and the others are told that there is none", async () => {
  const { local } = setup(["video webcam"]);
  await local.open(BOTH);
  assert.equal(sum(local), "missing live off");
  assert.equal(local.media.microphone, "none");
});

test("each trouble has its name", async () => {
  const { devices, local } = setup();
  devices.denied.add("audio");
  devices.occupy("video webcam");
  await local.open(BOTH);
  assert.equal(sum(local), "denied in_use off");
});

test("a page that may not touch devices says so and asks nothing", async () => {
  for (const devices of [undefined, /** @type {any} */ (new EventTarget())]) {
    const local = new LocalMedia({ devices, storage: null });
    await local.open(BOTH);
    assert.equal(sum(local), "insecure insecure off");
    assert.equal(await local.shareScreen(), false);
    assert.deepEqual(await local.list(), { microphones: [], cameras: [], speakers: [] });
    local.stop();
    assert.equal(sum(local), "off off off");
  }
});

test("a trouble is over once another try succeeds", async () => {
  const { devices, local } = setup();
  devices.denied.add("audio");
  await local.open({ microphone: true });
  assert.equal(sum(local), "denied off off");
  devices.denied.clear();
  await local.setMuted(false);
  assert.equal(sum(local), "live off off");
});

test("a track that comes after stop() is stopped in the same moment", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open(BOTH);
  local.stop();
  devices.questions[0].give();
  await opened;
  assert.deepEqual(devices.open, []);
  assert.equal(sum(local), "off off off");
});

test("when both are refused together after stop(), neither is asked for again", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open(BOTH);
  local.stop();
  devices.questions[0].refuse("NotFoundError");
  await opened;
  assert.deepEqual(devices.asked, ["audio+video"]);
  assert.equal(sum(local), "off off off");
});

test("when stop() comes between the questions for each, the second one is not asked", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open(BOTH);
  devices.questions[0].refuse("NotFoundError");
  await settled();
  assert.deepEqual(devices.asked, ["audio+video", "audio"]);
  local.stop();
  devices.questions[1].give();
  await opened;
  assert.deepEqual(devices.asked, ["audio+video", "audio"]);
  assert.deepEqual(devices.open, []);
});

test("a camera switched off between the questions for each is not asked for", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open(BOTH);
  devices.questions[0].refuse("NotReadableError");
  await settled();
  await local.setCamera(false);
  devices.questions[1].give();
  await opened;
  assert.deepEqual(devices.asked, ["audio+video", "audio"]);
  assert.equal(sum(local), "live off off");
});

test("a camera asked for between the questions for each is opened once", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open(BOTH);
  devices.questions[0].refuse("NotReadableError");
  await settled();
  const again = local.open({ camera: true });
  await settled();
  devices.waits = false;
  devices.questions.slice(1).forEach(({ give }) => give());
  await Promise.all([opened, again]);
  assert.deepEqual(devices.open, ["audio built-in", "video webcam"]);
  assert.equal(devices.asked.filter((about) => about === "video").length, 1);
});

test("a new call while the last one's question still stands asks anew, and only its own tracks stay", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const first = local.open(BOTH);
  local.stop();
  const second = local.open(BOTH);
  devices.questions[0].refuse("NotFoundError");
  await settled();
  devices.questions[1].give();
  await Promise.all([first, second]);
  assert.deepEqual(devices.asked, ["audio+video", "audio+video"]);
  assert.deepEqual(devices.open, ["audio built-in", "video webcam"]);
});

test("a camera that is switched off is closed, also while it is being opened", async () => {
  const { devices, local } = setup();
  await local.open(BOTH);
  await local.setCamera(false);
  assert.deepEqual(devices.open, ["audio built-in"]);
  devices.waits = true;
  const on = local.setCamera(true);
  await local.setCamera(false);
  devices.questions.at(-1).give();
  await on;
  assert.deepEqual(devices.open, ["audio built-in"]);
  assert.equal(local.media.camera, false);
});

test("who is muted sends nothing, keeps the microphone, and speaks again without a question", async () => {
  const { devices, local } = setup();
  await local.open({ microphone: true });
  const track = local.microphoneTrack;
  await local.setMuted(true);
  assert.deepEqual([local.tracks.audio, track?.enabled, local.media.microphone], [null, false, "muted"]);
  await local.setMuted(false);
  assert.deepEqual([local.tracks.audio, track?.enabled, local.media.microphone], [track, true, "on"]);
  assert.deepEqual(devices.asked, ["audio"]);
});

test("who is muted before the microphone opens is not heard when it does", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  await local.setMuted(true);
  const opened = local.open({ microphone: true });
  devices.questions[0].give();
  await opened;
  assert.deepEqual(
    [local.tracks.audio, local.microphoneTrack?.enabled, local.media.microphone],
    [null, false, "muted"],
  );
});

test("who mutes while the microphone is being opened is not heard when it is", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const opened = local.open({ microphone: true });
  await local.setMuted(true);
  devices.questions[0].give();
  await opened;
  assert.deepEqual([local.tracks.audio, local.microphoneTrack?.enabled], [null, false]);
});

test("a microphone that was never opened is opened by unmuting", async () => {
  const { devices, local } = setup();
  await local.setMuted(true);
  assert.deepEqual(devices.asked, []);
  await local.setMuted(false);
  assert.equal(sum(local), "live off off");
});

test("a call on hold sends nothing, closes nothing, and goes on as it was", async () => {
  const { devices, local } = setup();
  await local.open(BOTH);
  await local.setMuted(true);
  local.setHold(true);
  assert.deepEqual(local.media, { microphone: "muted", camera: false, screen: false, hold: true });
  assert.deepEqual(local.tracks, { audio: null, video: null });
  assert.deepEqual(devices.open, ["audio built-in", "video webcam"]);
  local.setHold(false);
  assert.deepEqual(local.media, { microphone: "muted", camera: true, screen: false, hold: false });
  assert.equal(local.microphoneTrack?.enabled, false);
});

test("when a microphone is unplugged another one takes its place", async () => {
  const { devices, local } = setup(["audio headset", "audio built-in"]);
  await local.open({ microphone: true });
  assert.equal(local.chosen("microphone"), "headset");
  devices.unplug("audio headset");
  await settled();
  assert.deepEqual(devices.open, ["audio built-in"]);
  assert.equal(sum(local), "live off off");
});

test("who is muted stays muted on the microphone that takes over", async () => {
  const { devices, local } = setup(["audio headset", "audio built-in"]);
  await local.open({ microphone: true });
  await local.setMuted(true);
  devices.unplug("audio headset");
  await settled();
  assert.deepEqual([local.tracks.audio, local.microphoneTrack?.enabled], [null, false]);
});

test("when the only microphone is unplugged it says so, and one that is plugged in is used at once", async () => {
  const { devices, local } = setup(["audio headset"]);
  await local.open({ microphone: true });
  devices.unplug("audio headset");
  await settled();
  assert.equal(sum(local), "unplugged off off");
  assert.equal(local.media.microphone, "none");
  devices.plug("audio other");
  await settled();
  assert.equal(sum(local), "live off off");
});

test("when a camera is unplugged no other one shows what nobody chose to show", async () => {
  const { devices, local } = setup(["audio built-in", "video webcam", "video other"]);
  await local.open(BOTH);
  devices.unplug("video webcam");
  await settled();
  assert.equal(sum(local), "live unplugged off");
  await local.setCamera(true);
  assert.deepEqual(devices.open, ["audio built-in", "video other"]);
});

test("a missing device is used as soon as it is plugged in, if it is still wanted", async () => {
  const { devices, local } = setup([]);
  await local.open(BOTH);
  assert.equal(sum(local), "missing missing off");
  await local.setCamera(false);
  devices.plug("audio headset");
  devices.plug("video webcam");
  await settled();
  assert.deepEqual(devices.open, ["audio headset"]);
});

test("several messages about one new headset open it once", async () => {
  const { devices, local } = setup([]);
  await local.open(BOTH);
  devices.waits = true;
  devices.plug("audio headset");
  devices.plug("video webcam");
  devices.dispatchEvent(new Event("devicechange"));
  devices.waits = false;
  for (let round = 0; round < 3; round += 1) {
    devices.questions.forEach(({ give }) => give());
    await settled();
  }
  assert.equal(sum(local), "live live off");
  assert.equal(devices.asked.slice(3).filter((about) => about === "audio").length, 1);
  assert.equal(devices.asked.slice(3).filter((about) => about === "video").length, 1);
});

test("when stop() comes while a new device is tried, the next one is not tried", async () => {
  const { devices, local } = setup([]);
  await local.open(BOTH);
  devices.waits = true;
  devices.plug("audio headset");
  const asked = devices.asked.length;
  local.stop();
  devices.questions.at(-1).give();
  await settled();
  assert.equal(devices.asked.length, asked);
  assert.deepEqual(devices.open, []);
});

test("nothing that is plugged in after stop() is opened", async () => {
  const { devices, local } = setup([]);
  await local.open(BOTH);
  local.stop();
  devices.plug("audio headset");
  await settled();
  assert.deepEqual(devices.open, []);
});

test("a device that was denied is not tried again just because another one is plugged in", async () => {
  const { devices, local } = setup();
  devices.denied.add("audio");
  await local.open({ microphone: true });
  devices.plug("audio headset");
  await settled();
  assert.deepEqual(devices.asked, ["audio"]);
});

test("choosing another device closes the old one first, and is remembered", async () => {
  const { devices, local, storage } = setup([...USUAL, "audio headset", "speaker room"]);
  await local.open(BOTH);
  devices.waits = true;
  const chosen = local.choose("microphone", "headset");
  assert.deepEqual(devices.open, ["video webcam"]);
  devices.questions.at(-1).give();
  await chosen;
  assert.deepEqual(devices.open, ["video webcam", "audio headset"]);
  assert.equal(local.chosen("microphone"), "headset");
  await local.choose("speaker", "room");
  const later = new LocalMedia({ devices: /** @type {any} */ (devices), storage });
  assert.deepEqual(
    /** @type {const} */ (["microphone", "camera", "speaker"]).map((kind) => later.chosen(kind)),
    ["headset", null, "room"],
  );
});

test("two choices in a row leave the last one, and one device open", async () => {
  const { devices, local } = setup(["audio a", "audio b", "audio c"]);
  await local.open({ microphone: true });
  devices.waits = true;
  const both = Promise.all([local.choose("microphone", "b"), local.choose("microphone", "c")]);
  devices.questions
    .slice(1)
    .reverse()
    .forEach(({ give }) => give());
  await both;
  assert.deepEqual(devices.open, ["audio c"]);
});

test("choosing a device that is not in use opens nothing", async () => {
  const { devices, local } = setup();
  await local.choose("camera", "webcam");
  assert.deepEqual(devices.asked, []);
});

test("a chosen device that is gone is replaced by another, not missed", async () => {
  const { devices, local, storage } = setup();
  storage.setItem("callinvite.media_devices", JSON.stringify({ microphone: "gone", camera: "gone" }));
  await local.open(BOTH);
  assert.deepEqual(
    devices.questions.map(({ constraints }) => constraints.audio.deviceId),
    [{ exact: "gone" }, { ideal: "gone" }],
  );
  assert.equal(sum(local), "live live off");
});

test("choices that cannot be read or kept do no harm", async () => {
  for (const text of ["{", "null", "5", '"x"', "[]"]) {
    const { local, storage } = setup();
    storage.setItem("callinvite.media_devices", text);
    await local.open(BOTH);
    assert.equal(sum(local), "live live off", text);
  }
  const full = {
    getItem: () => {
      throw new DOMException("", "SecurityError");
    },
    setItem: () => {
      throw new DOMException("", "QuotaExceededError");
    },
  };
  const { local } = setup([...USUAL, "audio headset"], /** @type {any} */ (full));
  await local.open({ microphone: true });
  await local.choose("microphone", "headset");
  assert.equal(sum(local), "live off off");
});

test("what can be chosen from leaves out devices that must not be named yet", async () => {
  const { local } = setup(["audio built-in", "audio headset", "video webcam", "speaker room", "video "]);
  const { microphones, cameras, speakers } = await local.list();
  assert.deepEqual(
    [microphones, cameras, speakers].map((each) => each.map(({ deviceId }) => deviceId)),
    [["built-in", "headset"], ["webcam"], ["room"]],
  );
});

test("a shared screen is sent in place of the camera, sharp, and the camera comes back after it", async () => {
  const { devices, local } = setup();
  await local.open(BOTH);
  assert.equal(await local.shareScreen(), true);
  assert.equal(local.tracks.video, local.screenTrack);
  assert.equal(local.screenTrack?.contentHint, "detail");
  assert.deepEqual(local.media, { microphone: "on", camera: true, screen: true, hold: false });
  local.stopScreen();
  assert.equal(local.tracks.video, local.cameraTrack);
  assert.deepEqual(devices.open, ["audio built-in", "video webcam"]);
});

test("a screen whose sharing is stopped in the browser's own bar is no trouble", async () => {
  const { devices, local } = setup();
  await local.shareScreen();
  devices.tracks[0].end();
  assert.equal(sum(local), "off off off");
  assert.equal(local.media.screen, false);
});

test("who changes their mind about sharing has no trouble with the screen", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const shared = local.shareScreen();
  devices.questions[0].refuse("NotAllowedError");
  assert.equal(await shared, false);
  assert.equal(sum(local), "off off off");
  devices.waits = false;
  assert.equal(await local.shareScreen(), true);
});

test("a screen that cannot be captured is a trouble until it can", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const shared = local.shareScreen();
  devices.questions[0].refuse("NotReadableError");
  assert.equal(await shared, false);
  assert.equal(sum(local), "off off in_use");
  devices.waits = false;
  await local.shareScreen();
  assert.equal(sum(local), "off off live");
});

test("a screen that was chosen after the call had ended is not shared", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const shared = local.shareScreen();
  local.stop();
  devices.questions[0].give();
  assert.equal(await shared, false);
  assert.deepEqual(devices.open, []);
});

test("the refusal of an earlier question about the screen does not end a later one", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const first = local.shareScreen();
  local.stopScreen();
  const second = local.shareScreen();
  devices.questions[0].refuse("NotAllowedError");
  await first;
  devices.questions[1].give();
  assert.equal(await second, true);
  assert.equal(sum(local), "off off live");
});

test("a screen is asked for once, however often the button is pressed", async () => {
  const { devices, local } = setup();
  devices.waits = true;
  const shared = [local.shareScreen(), local.shareScreen()];
  devices.questions[0].give();
  await Promise.all(shared);
  assert.deepEqual(devices.asked, ["screen"]);
});

test("every change is told", async () => {
  const { local } = setup();
  const told = [];
  local.addEventListener("change", () => told.push(sum(local)));
  await local.open(BOTH);
  await local.setCamera(false);
  local.stop();
  assert.deepEqual([...new Set(told)], ["starting starting off", "live live off", "live off off", "off off off"]);
});

test("a phone's camera is flipped and flipped back, and the choice lasts", async () => {
  const { devices, local, storage } = setup(["audio built-in", "video front", "video back"]);
  await local.open(BOTH);
  assert.equal(local.facing, "user");
  assert.equal(await local.flipCamera(), true);
  assert.deepEqual(devices.open, ["audio built-in", "video back"]);
  assert.equal(local.facing, "environment");
  const next = setup(["audio built-in", "video front", "video back"], storage);
  await next.local.open(BOTH);
  assert.equal(next.local.facing, "environment");
  assert.equal(await local.flipCamera(), true);
  assert.equal(local.facing, "user");
});

test("a camera that has no other side, or is taken, leaves the picture as it was", async () => {
  const { devices, local } = setup(["audio built-in", "video front", "video back"]);
  await local.open(BOTH);
  devices.occupy("video back");
  assert.equal(await local.flipCamera(), false);
  assert.deepEqual(devices.open, ["audio built-in", "video front"]);
  const desk = setup();
  await desk.local.open(BOTH);
  assert.equal(await desk.local.flipCamera(), false);
  assert.deepEqual(desk.devices.open, ["audio built-in", "video webcam"]);
});
