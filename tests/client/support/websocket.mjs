/**
 * A small real WebSocket client with the browser's interface, for Node releases that have none of their own.
 */

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { CLOSE, closeCode, closePayload, Decoder, encode, PING, PONG, TEXT } from "./frames.mjs";

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/** Speaks `ws:` only. `headers` are what a browser would add by itself. */
export class NodeWebSocket extends EventTarget {
  static headers = {};
  readyState = CONNECTING;
  /** @type {any} */
  #tcp = null;
  #code = 1006;

  constructor(address) {
    super();
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...NodeWebSocket.headers,
    };
    const handshake = request(address.replace(/^ws:/, "http:"), { headers, agent: false });
    handshake.on("upgrade", (_response, tcp, head) => this.#opened(tcp, head));
    handshake.on("response", (response) => {
      response.resume();
      this.#ended();
    });
    handshake.on("error", () => this.#ended());
    handshake.end();
  }

  send(text) {
    this.#tcp.write(encode(TEXT, text, { masked: true }));
  }

  close(code = 1000) {
    if (this.#tcp === null) {
      this.readyState = CLOSED;
      return;
    }
    this.#tcp.end(encode(CLOSE, closePayload(code), { masked: true }));
  }

  #opened(tcp, head) {
    if (this.readyState === CLOSED) {
      tcp.destroy();
      return;
    }
    this.#tcp = tcp;
    const decoder = new Decoder((opcode, payload) => this.#read(opcode, payload));
    tcp.on("data", (chunk) => decoder.push(chunk));
    tcp.on("close", () => this.#ended());
    tcp.on("error", () => this.#ended());
    this.readyState = OPEN;
    this.dispatchEvent(new Event("open"));
    decoder.push(head);
  }

  #read(opcode, payload) {
    if (opcode === TEXT) {
      this.dispatchEvent(new MessageEvent("message", { data: payload.toString("utf8") }));
    } else if (opcode === PING) {
      this.#tcp.write(encode(PONG, payload, { masked: true }));
    } else if (opcode === CLOSE) {
      this.#code = closeCode(payload);
      this.#tcp.end(encode(CLOSE, payload, { masked: true }));
      this.#ended();
    }
  }

  #ended() {
    if (this.readyState === CLOSED) {
      return;
    }
    this.readyState = CLOSED;
    this.dispatchEvent(Object.assign(new Event("close"), { code: this.#code, reason: "" }));
  }
}
