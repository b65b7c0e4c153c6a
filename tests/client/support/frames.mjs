/**
 * The little of RFC 6455 that two ends of a test need: text, ping and close frames over a raw TCP socket.
 */

import { createHash, randomBytes } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The handshake's answer to a key. */
export function acceptKey(key) {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

/** One whole frame; clients must mask theirs. */
export function encode(opcode, payload, { masked }) {
  const body = Buffer.from(payload);
  const size =
    body.length < 126
      ? Buffer.from([body.length])
      : body.length < 65536
        ? Buffer.from([126, body.length >> 8, body.length & 255])
        : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), uint32(body.length)]);
  if (!masked) {
    return Buffer.concat([Buffer.from([0x80 | opcode]), size, body]);
  }
  const mask = randomBytes(4);
  size[0] |= 0x80;
  return Buffer.concat([Buffer.from([0x80 | opcode]), size, mask, unmasked(body, mask)]);
}

/** Takes bytes as they come and calls back with every whole message, joined from its fragments. */
export class Decoder {
  #bytes = Buffer.alloc(0);
  #parts = [];
  #opcode = 0;
  #onMessage;

  constructor(onMessage) {
    this.#onMessage = onMessage;
  }

  push(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let frame = this.#take(); frame !== null; frame = this.#take()) {
      this.#join(frame);
    }
  }

  #join({ opcode, isLast, payload }) {
    if (opcode >= CLOSE) {
      this.#onMessage(opcode, payload);
      return;
    }
    this.#opcode = opcode || this.#opcode;
    this.#parts.push(payload);
    if (isLast) {
      this.#onMessage(this.#opcode, Buffer.concat(this.#parts.splice(0)));
    }
  }

  #take() {
    const bytes = this.#bytes;
    if (bytes.length < 2) {
      return null;
    }
    const short = bytes[1] & 0x7f;
    const sizeBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskBytes = bytes[1] & 0x80 ? 4 : 0;
    const start = 2 + sizeBytes + maskBytes;
    if (bytes.length < start) {
      return null;
    }
    const length = sizeBytes === 0 ? short : bytes.readUIntBE(2 + Math.max(0, sizeBytes - 6), Math.min(sizeBytes, 6));
    if (bytes.length < start + length) {
      return null;
    }
    this.#bytes = bytes.subarray(start + length);
    const body = bytes.subarray(start, start + length);
    const payload = maskBytes ? unmasked(body, bytes.subarray(start - 4, start)) : body;
    return { opcode: bytes[0] & 0x0f, isLast: (bytes[0] & 0x80) !== 0, payload };
  }
}

/** The payload of a close frame. */
export function closePayload(code) {
  return Buffer.from([code >> 8, code & 255]);
}

/** The code in a close frame's payload; 1005 stands for none. */
export function closeCode(payload) {
  return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
}

function unmasked(body, mask) {
  return Buffer.from(body.map((byte, index) => byte ^ mask[index % 4]));
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
