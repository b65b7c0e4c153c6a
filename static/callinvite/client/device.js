/**
 * This device, as it introduces itself to the server.
 */

import { deviceLabel, isDeviceId, rememberedDeviceId } from "./identity.js";

const LABEL_CHARS = 64;

/** Its id and its name stay; whether it can be heard may change. */
export class OwnDevice {
  /** Whether this page can make sound now. @type {boolean} */
  audible;
  #id;
  #label;

  /**
   * @param {Pick<import("./types.js").ServiceOptions, "deviceId" | "storage" | "label" | "audible">} options
   * @throws {TypeError} a device id of another form
   */
  constructor({ deviceId, storage, label, audible }) {
    this.#id = deviceId ?? rememberedDeviceId(storage);
    if (!isDeviceId(this.#id)) {
      throw new TypeError("deviceId has 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    }
    this.#label = Array.from(label ?? deviceLabel())
      .slice(0, LABEL_CHARS)
      .join("");
    this.audible = audible ?? false;
  }

  /** @returns {string} 1 to 64 of `[A-Za-z0-9._~-]` */
  get id() {
    return this.#id;
  }

  /** @returns {string} its name for people, at most 64 characters */
  get label() {
    return this.#label;
  }

  /**
   * The first frame of a live connection, and the one that tells of a change.
   *
   * @returns {object}
   */
  hello() {
    return { type: "hello", device_id: this.#id, label: this.#label, audible: this.audible };
  }
}
