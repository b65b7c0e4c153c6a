/**
 * A real HTTP and WebSocket server that says what a test tells it to, and keeps what it was told.
 */

import { createServer } from "node:http";
import { acceptKey, CLOSE, closeCode, closePayload, Decoder, encode, TEXT } from "./frames.mjs";

/** Things that arrive and are waited for, in order. */
class Queue {
  #items = [];
  #waiting = [];

  push(item) {
    const take = this.#waiting.shift();
    if (take) {
      take(item);
    } else {
      this.#items.push(item);
    }
  }

  next() {
    return this.#items.length > 0
      ? Promise.resolve(this.#items.shift())
      : new Promise((resolve) => this.#waiting.push(resolve));
  }

  get length() {
    return this.#items.length;
  }
}

/** The server's end of one socket. */
export class Line {
  #tcp;
  #frames = new Queue();
  /** Resolves to the close code when the other side closed. */
  closed;

  constructor(tcp, { url, headers }) {
    this.#tcp = tcp;
    this.url = url;
    this.headers = headers;
    this.closed = new Promise((resolve) => {
      const decoder = new Decoder((opcode, payload) => {
        if (opcode === TEXT) {
          this.#frames.push(JSON.parse(payload.toString("utf8")));
        } else if (opcode === CLOSE) {
          resolve(closeCode(payload));
          tcp.end();
        }
      });
      tcp.on("data", (chunk) => decoder.push(chunk));
      tcp.on("close", () => resolve(1006));
      tcp.on("error", () => {});
    });
  }

  /** The next frame from the client. */
  next() {
    return this.#frames.next();
  }

  /** How many frames have arrived and were not looked at. */
  get unread() {
    return this.#frames.length;
  }

  send(frame) {
    this.#tcp.write(encode(TEXT, typeof frame === "string" ? frame : JSON.stringify(frame), { masked: false }));
  }

  close(code) {
    this.#tcp.end(encode(CLOSE, closePayload(code), { masked: false }));
  }

  /** As if the cable had been pulled at the server. */
  drop() {
    this.#tcp.destroy();
  }

  /** Takes the hello and answers with a snapshot. */
  async greet(snapshot = {}) {
    const hello = await this.next();
    this.send({
      type: "snapshot",
      server_time: "2026-11-23T12:00:00.000Z",
      user: { id: "alice", name: "Alice" },
      calls: [],
      missed_unseen: 0,
      ...snapshot,
    });
    return hello;
  }

  /** Answers the next request frame. */
  async answer(status, body) {
    const frame = await this.next();
    this.send({ type: "result", id: frame.id, status, body });
    return frame;
  }
}

/** The scripted server. `on("POST calls", handler)` sets a REST answer; `line()` gives the next socket. */
export class ScriptedServer {
  #http;
  #lines = new Queue();
  #routes = new Map();
  #open = new Set();
  /** Every REST request so far: `{name, query, headers, body}`. */
  requests = [];
  /** Whether new sockets are let in. */
  isUp = true;

  static async start() {
    const server = new ScriptedServer();
    await server.#listen();
    return server;
  }

  get origin() {
    return `http://127.0.0.1:${this.#http.address().port}`;
  }

  /** Sets what a REST request, such as "GET calls/open", is answered with: `{status, body, headers}` or raw `text`. */
  on(name, handler) {
    this.#routes.set(name, typeof handler === "function" ? handler : () => handler);
  }

  line() {
    return this.#lines.next();
  }

  async stop() {
    this.#open.forEach((tcp) => tcp.destroy());
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #listen() {
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#http.on("connection", (tcp) => {
      this.#open.add(tcp);
      tcp.on("close", () => this.#open.delete(tcp));
    });
    this.#http.on("upgrade", (request, tcp) => {
      if (!this.isUp) {
        tcp.destroy();
        return;
      }
      const accept = acceptKey(request.headers["sec-websocket-key"]);
      tcp.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      this.#lines.push(new Line(tcp, request));
    });
    await new Promise((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const url = new URL(request.url, this.origin);
    const text = Buffer.concat(chunks).toString("utf8");
    const seen = {
      name: `${request.method} ${decodeURIComponent(url.pathname.replace("/api/v1/", ""))}`,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: text === "" ? null : JSON.parse(text),
    };
    this.requests.push(seen);
    const route = this.#routes.get(seen.name);
    const answer = route ? await route(seen) : { status: 404, body: { code: "not_found", detail: "Nothing." } };
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status ?? 200, { "Content-Type": "application/json", ...answer.headers });
    response.end(answer.text ?? JSON.stringify(answer.body ?? null));
  }
}
