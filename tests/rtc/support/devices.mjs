/**
 * Microphones, cameras and screens that a test plugs in, and the browser's questions about them, answered when it says so.
 */

/** The cameras of a phone; no other one says where it looks to. */
const FACING = { front: "user", back: "environment" };

/** A track of one device. */
export class ScriptedTrack {
  enabled = true;
  readyState = "live";
  contentHint = "";
  /** @type {(() => void) | null} */
  onended = null;

  constructor(kind, deviceId) {
    this.kind = kind;
    this.deviceId = deviceId;
  }

  getSettings() {
    const facing = FACING[this.deviceId];
    return { deviceId: this.deviceId, ...(facing ? { facingMode: facing } : {}) };
  }

  /** As the page stops it: no event. */
  stop() {
    this.readyState = "ended";
  }

  /** As it ends by itself: unplugged, or taken away. */
  end() {
    if (this.readyState === "live") {
      this.readyState = "ended";
      this.onended?.();
    }
  }
}

const KINDS = { audio: "audioinput", video: "videoinput", speaker: "audiooutput" };

/** Stands for `navigator.mediaDevices`. */
export class ScriptedDevices extends EventTarget {
  /** Every track that was ever opened. @type {ScriptedTrack[]} */
  tracks = [];
  /** Every question that was asked, with what it was about, such as "audio+video". */
  questions = [];
  /** Kinds that the person or the system does not allow. */
  denied = new Set();
  /** Whether questions wait for the test to answer them. */
  waits = false;
  #plugged = new Map();
  #listeners = new Set();

  constructor(...ids) {
    super();
    for (const id of ids) {
      this.#put(id);
    }
  }

  /** How many listen for devices that come and go. */
  get listeners() {
    return this.#listeners.size;
  }

  /** The tracks that are open now, as "kind deviceId". */
  get open() {
    return this.tracks
      .filter(({ readyState }) => readyState === "live")
      .map(({ kind, deviceId }) => `${kind} ${deviceId}`);
  }

  /** What was asked so far, in order. */
  get asked() {
    return this.questions.map(({ about }) => about);
  }

  /** Plugs a device in: "audio headset" or "video webcam". */
  plug(id) {
    this.#put(id);
    this.dispatchEvent(new Event("devicechange"));
  }

  /** Unplugs it: its tracks end, and the page hears of it. */
  unplug(id) {
    this.#plugged.delete(id);
    this.tracks.filter(({ kind, deviceId }) => `${kind} ${deviceId}` === id).forEach((track) => track.end());
    this.dispatchEvent(new Event("devicechange"));
  }

  /** Another program takes the device. */
  occupy(id) {
    this.#plugged.get(id).isFree = false;
  }

  addEventListener(name, listener) {
    this.#listeners.add(listener);
    super.addEventListener(name, listener);
  }

  removeEventListener(name, listener) {
    this.#listeners.delete(listener);
    super.removeEventListener(name, listener);
  }

  getUserMedia = (constraints) =>
    this.#ask(
      constraints,
      ["audio", "video"].filter((kind) => constraints[kind]),
    );

  getDisplayMedia = (constraints) => this.#ask(constraints, ["screen"]);

  async enumerateDevices() {
    return [...this.#plugged.values()].map(({ kind, deviceId }) => ({ kind: KINDS[kind], deviceId, label: deviceId }));
  }

  #put(id) {
    const [kind, deviceId] = id.split(" ");
    this.#plugged.set(id, { kind, deviceId, isFree: true });
  }

  #ask(constraints, kinds) {
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      const once =
        (answer) =>
        (...how) => {
          if (!isAnswered) {
            isAnswered = true;
            answer(...how);
          }
        };
      const question = {
        about: kinds.join("+"),
        constraints,
        give: once(() => this.#give(kinds, constraints).then(resolve, reject)),
        refuse: once((name) => reject(new DOMException("", name))),
      };
      this.questions.push(question);
      if (!this.waits) {
        question.give();
      }
    });
  }

  async #give(kinds, constraints) {
    if (kinds.some((kind) => this.denied.has(kind))) {
      throw new DOMException("", "NotAllowedError");
    }
    const found = kinds.map((kind) => this.#find(kind, constraints[kind] ?? {}));
    if (kinds.some((kind, at) => isOther(found[at], constraints[kind]?.deviceId?.exact))) {
      throw new DOMException("", "OverconstrainedError");
    }
    if (found.includes(undefined)) {
      throw new DOMException("", "NotFoundError");
    }
    if (found.some(({ isFree }) => !isFree)) {
      throw new DOMException("", "NotReadableError");
    }
    const tracks = found.map(({ kind, deviceId }) => new ScriptedTrack(kind === "screen" ? "video" : kind, deviceId));
    this.tracks.push(...tracks);
    return { getTracks: () => tracks, getVideoTracks: () => tracks.filter(({ kind }) => kind === "video") };
  }

  #find(kind, { deviceId: wished, facingMode }) {
    if (kind === "screen") {
      return { kind, deviceId: "screen", isFree: true };
    }
    const fitting = [...this.#plugged.values()].filter((each) => each.kind === kind);
    const isWished = ({ deviceId }) =>
      wished ? deviceId === (wished.exact ?? wished.ideal) : FACING[deviceId] === facingMode;
    return fitting.find(isWished) ?? fitting[0];
  }
}

/** Whether it is not the one device that was asked for. */
function isOther(device, exact) {
  return exact !== undefined && device !== undefined && device.deviceId !== exact;
}

/** A storage in memory, as the browser's. */
export class MemoryStorage {
  #items = new Map();

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export function settled() {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
