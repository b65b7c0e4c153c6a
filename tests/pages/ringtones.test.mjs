/**
 * Ringtones: what is chosen is kept, what a call brings is honoured, and a file that is no good never costs the ring.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { AudioFiles } from "../../static/callinvite/sounds/audio-files.js";
import { BUILT_IN, Ringtones } from "../../static/callinvite/sounds/ringtones.js";
import { say } from "../../static/callinvite/words/say.js";
import { SCORES } from "../../static/callinvite/sounds/tones.js";

const CALL = { ringtone_url: "/media/bell.ogg" };

/** A storage as pages have it. */
function storage(kept = {}) {
  return {
    getItem: (key) => kept[key] ?? null,
    setItem: (key, value) => {
      kept[key] = value;
    },
  };
}

/**
 * A context that decodes any bytes to so many seconds of one sample a second.
 *
 * @returns {any}
 */
function decoder(seconds) {
  const samples = Float32Array.from({ length: seconds }, (_, index) => index);
  const bufferOf = (data) => ({ length: data.length, sampleRate: 1, numberOfChannels: 1, getChannelData: () => data });
  return {
    decoded: 0,
    async decodeAudioData() {
      this.decoded += 1;
      return bufferOf(samples);
    },
    createBuffer(_channels, length) {
      const data = new Float32Array(length);
      return {
        ...bufferOf(data),
        copyToChannel: (part) => {
          data.set(part);
        },
      };
    },
  };
}

test("a call rings as its caller chose, until the person chooses otherwise", () => {
  const ringtones = new Ringtones({ storage: storage() });
  assert.deepEqual(ringtones.toneFor(CALL), { score: "ringtone", url: "/media/bell.ogg" });
  assert.deepEqual(ringtones.toneFor({ ringtone_url: null }), { score: "ringtone", url: null });
  ringtones.choose({ kind: "tone", id: "marimba" });
  assert.deepEqual(ringtones.toneFor(CALL), { score: "marimba", url: null });
  ringtones.choose({ kind: "resource", id: "gong", url: "/media/gong.ogg" });
  assert.deepEqual(ringtones.toneFor(CALL), { score: "ringtone", url: "/media/gong.ogg" });
});

test("a choice is there at the next visit", () => {
  const kept = storage();
  new Ringtones({ storage: kept }).choose({ kind: "tone", id: "soft" });
  assert.deepEqual(new Ringtones({ storage: kept }).choice, { kind: "tone", id: "soft" });
});

test("what is kept and means nothing counts as no choice", () => {
  for (const text of [
    "",
    "soft",
    "{",
    "null",
    "7",
    '{"kind":"tone","id":"ringback"}',
    '{"kind":"resource","id":"x"}',
  ]) {
    const ringtones = new Ringtones({ storage: storage({ "callinvite.ringtone": text }) });
    assert.deepEqual(ringtones.choice, { kind: "caller" }, text);
  }
});

test("a choice lasts as long as the page where nothing can be kept", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  for (const where of [null, full]) {
    const ringtones = new Ringtones({ storage: where });
    ringtones.choose({ kind: "tone", id: "digital" });
    assert.equal(ringtones.toneFor(CALL).score, "digital");
  }
});

test("a ringtone that the admins gave another file is followed, and one that they took away is kept", () => {
  const ringtones = new Ringtones({ storage: storage() });
  ringtones.choose({ kind: "resource", id: "gong", url: "/media/1.ogg" });
  ringtones.learn([{ resource_id: "gong", ringtone_url: "/media/2.ogg" }]);
  assert.equal(Reflect.get(ringtones.choice, "url"), "/media/2.ogg");
  ringtones.learn([]);
  assert.equal(Reflect.get(ringtones.choice, "url"), "/media/2.ogg");
});

test("every built-in ringtone has a score and a name, and each sounds different", () => {
  const scores = BUILT_IN.map((id) => SCORES[id]);
  assert.ok(scores.every(Boolean));
  assert.equal(new Set(scores.map(({ voice }) => voice)).size, BUILT_IN.length);
  assert.equal(new Set(BUILT_IN.map((id) => say(`ringtone.tone.${id}`))).size, BUILT_IN.length);
});

test("a file is loaded once, however often it rings", async () => {
  const asked = [];
  const files = new AudioFiles({
    fetch: async (url) => {
      asked.push(url);
      return new Response("sound");
    },
  });
  const context = decoder(3);
  assert.equal((await files.load("/a.ogg", context))?.length, 3);
  assert.equal((await files.load("/a.ogg", context))?.length, 3);
  assert.deepEqual([asked.length, context.decoded], [1, 1]);
});

test("a file that is missing, unreadable, empty or cut off is none, and is asked for again", async () => {
  const undecodable = {
    decodeAudioData: async () => {
      throw new Error("EncodingError");
    },
  };
  const cut = () =>
    new Response(
      new ReadableStream({
        pull: (stream) => {
          stream.error(new Error("reset"));
        },
      }),
    );
  const troubles = [
    [async () => new Response("", { status: 404 }), decoder(1)],
    [
      async () => {
        throw new TypeError("fetch failed");
      },
      decoder(1),
    ],
    [async () => cut(), decoder(1)],
    [async () => new Response("text"), undecodable],
    [async () => new Response("nothing"), decoder(0)],
  ];
  for (const [fetch, context] of troubles) {
    let asked = 0;
    const files = new AudioFiles({
      fetch: (...args) => {
        asked += 1;
        return fetch(...args);
      },
    });
    assert.equal(await files.load("/a.ogg", context), null);
    assert.equal(await files.load("/a.ogg", context), null);
    assert.equal(asked, 2);
  }
});

test("a file that is too large is not read to its end", async () => {
  let given = 0;
  const endless = new ReadableStream({
    pull: (stream) => {
      given += 1;
      stream.enqueue(new Uint8Array(1024 * 1024));
    },
  });
  const files = new AudioFiles({ fetch: async () => new Response(endless) });
  assert.equal(await files.load("/a.ogg", decoder(1)), null);
  assert.ok(given < 8, `${given} MiB were read`);
});

test("of a long file the first minute rings", async () => {
  const files = new AudioFiles({ fetch: async () => new Response("sound") });
  const buffer = await files.load("/a.ogg", decoder(200));
  assert.equal(buffer?.length, 60);
  assert.equal(buffer?.getChannelData(0)[59], 59);
});
