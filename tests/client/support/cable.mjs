/**
 * What is between one client and a server: a relay of bytes that can be slow, or cut.
 */

import { connect, createServer } from "node:net";

export class Cable {
  #toPort;
  #server = createServer((near) => this.#joined(near));
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();
  /** How long each piece takes, each way, in milliseconds. */
  delayMs = 0;
  /** Whether nothing comes through any more. */
  isCut = false;

  /** @param {number} toPort of 127.0.0.1 */
  constructor(toPort) {
    this.#toPort = toPort;
  }

  /**
   * @param {number} toPort of 127.0.0.1
   * @returns {Promise<Cable>} one that lies ready
   */
  static async to(toPort) {
    const cable = new Cable(toPort);
    await new Promise((resolve) => cable.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    return cable;
  }

  /** Where a client finds the server by this cable. */
  get origin() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** Breaks every connection. New ones can be made, unless it is cut. */
  drop() {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  close() {
    this.drop();
    this.#server.close();
  }

  /** @param {import("node:net").Socket} near */
  #joined(near) {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.#toPort, "127.0.0.1");
    this.#carry(near, far);
    this.#carry(far, near);
  }

  /**
   * @param {import("node:net").Socket} from
   * @param {import("node:net").Socket} to
   */
  #carry(from, to) {
    this.#sockets.add(from);
    // Nothing overtakes what was sent before it, however the delay changes.
    let arrivesAt = 0;
    from.on("data", (piece) => {
      arrivesAt = Math.max(performance.now() + this.delayMs, arrivesAt);
      setTimeout(() => to.destroyed || to.write(piece), Math.max(0, arrivesAt - performance.now()));
    });
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on("error", () => {});
  }
}
