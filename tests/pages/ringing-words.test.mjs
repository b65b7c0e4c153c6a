/**
 * Whether this browser rings, in words: every state says what works, what is missing, and what helps.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CallInvitationError } from "../../static/callinvite/client/index.js";
import { howToAllow, ringingWords } from "../../static/callinvite/elements/ringing-words.js";

const SOUNDS = {
  none: { wanted: false, unlocked: false, elsewhere: false },
  locked: { wanted: true, unlocked: false, elsewhere: false },
  on: { wanted: true, unlocked: true, elsewhere: false },
};
const push = (state, more = {}) => ({ state, reason: null, error: null, refused: false, ...more });

test("nothing is called ringing that does not ring", () => {
  assert.equal(ringingWords(SOUNDS.none, push("off")).rings, "never");
  assert.equal(ringingWords(SOUNDS.locked, push("off")).rings, "never");
  for (const state of ["off", "working", "denied", "unsupported", "failed"]) {
    assert.equal(ringingWords(SOUNDS.on, push(state)).rings, "open", state);
  }
  for (const sound of Object.values(SOUNDS)) {
    assert.equal(ringingWords(sound, push("on")).rings, "always");
  }
});

test("a page that is silenced says that another one rings", () => {
  const { rings, title, button } = ringingWords({ ...SOUNDS.none, elsewhere: true }, push("off"));
  assert.deepEqual([rings, title, button], ["open", "Another tab rings while it's open.", "Turn on ringing"]);
});

test("a button is offered where a click helps, and nowhere else", () => {
  const button = (sound, state, more) => ringingWords(SOUNDS[sound], push(state, more)).button;
  assert.equal(button("none", "off"), "Turn on ringing");
  assert.equal(button("none", "denied"), "Turn on ringing");
  assert.equal(button("on", "off"), "Ring when closed, too");
  assert.equal(button("on", "failed"), "Try again");
  for (const state of ["on", "working", "denied", "unsupported"]) {
    assert.equal(button("on", state), null, state);
  }
});

test("every reason has a sentence of its own", () => {
  const help = (reason) => ringingWords(SOUNDS.on, push("unsupported", { reason })).help;
  const reasons = ["insecure", "home_screen", "no_worker", "no_push", "private", "no_keys"];
  assert.equal(new Set(reasons.map(help)).size, reasons.length);
  assert.match(help("home_screen"), /home screen/);
  assert.match(help("no_worker"), /Private windows/);
});

test("what the server has against an address is said in its own words", () => {
  const refused = push("failed", {
    reason: "server",
    error: new CallInvitationError("invalid", "", { errors: { push: ["This host is not allowed."] } }),
  });
  assert.match(ringingWords(SOUNDS.on, refused).help, /This host is not allowed\.$/);
  assert.match(
    ringingWords(SOUNDS.on, push("failed", { reason: "server", error: CallInvitationError.unreachable() })).help,
    /Check your connection/,
  );
  assert.match(ringingWords(SOUNDS.on, push("failed", { reason: "push_service" })).help, /push service/);
});

test("where the switch is differs from browser to browser", () => {
  const labels = ["Safari on iPhone", "Chrome on Android", "Safari on Mac", "Firefox on Linux", "Chrome on Windows"];
  assert.equal(new Set(labels.map(howToAllow)).size, labels.length);
  assert.match(howToAllow("Safari on iPhone"), /Settings, then Notifications/);
});
