/**
 * The real product as its own process, with a data directory that lives as long as the test.
 */

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const READY_MS = 60_000;
const FOREIGN = /^(?:CALLINVITE_|DATABASE_URL$|REDIS_URL$|DJANGO_SETTINGS_MODULE$|DEBUG$)/;
const run = promisify(execFile);
const PYTHON = [process.env.PYTHON ?? "", join(ROOT, ".venv/bin/python")].find((path) => existsSync(path)) ?? "";

/** Why the product cannot be started here; null if it can. */
export const missing =
  PYTHON === "" ? "The product's environment is missing: run `make test`, or set PYTHON to its interpreter." : null;

/** One `manage.py serve` process on 127.0.0.1, with the demo users alice, bob, carol and dave. */
export class Product {
  static PASSWORD = "demo-pass-1";
  #folder = mkdtempSync(join(tmpdir(), "callinvite-client-"));
  /** @type {import("node:child_process").ChildProcess | null} */
  #process = null;
  #port = 0;
  /** @type {Record<string, string>} */
  #settings = {};
  #said = [];

  /**
   * @param {Record<string, string>} [settings] by the names of environment variables
   */
  static async start(settings = {}) {
    const product = new Product();
    product.#settings = settings;
    product.#port = await freePort();
    try {
      await product.manage("migrate", "--verbosity", "0");
      await product.manage("make_demo_users", "--password", Product.PASSWORD);
      await product.up();
    } catch (error) {
      await product.stop();
      throw error;
    }
    return product;
  }

  get port() {
    return this.#port;
  }

  get origin() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the server and waits for the line that says it is ready. */
  async up() {
    const child = spawn(PYTHON, ["-u", "manage.py", "serve", "--port", String(this.#port)], {
      cwd: ROOT,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    await new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`the server did not become ready:\n${this.#said.join("\n")}`));
      const timer = setTimeout(fail, READY_MS);
      child.once("exit", fail);
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          this.#said.push(line);
          if (line.includes(this.origin)) {
            clearTimeout(timer);
            resolve(undefined);
          }
        });
      }
    });
  }

  /** A crash: nothing is tidied up. */
  async kill() {
    const child = this.#process;
    this.#process = null;
    if (child !== null && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    }
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** An app's token. */
  async token(username) {
    const response = await fetch(`${this.origin}/api/v1/auth/token`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ username, password: Product.PASSWORD, device_name: "Node" }),
    });
    if (response.status !== 201) {
      throw new Error(`no token for ${username}: ${response.status} ${await response.text()}`);
    }
    return (await response.json()).token;
  }

  /** Runs a command of `manage.py` to its end. */
  async manage(...command) {
    await run(PYTHON, ["manage.py", ...command], { cwd: ROOT, env: this.#environment() });
  }

  #environment() {
    // Nothing of the test run's own database or layer may leak into the product.
    const kept = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
    return {
      ...Object.fromEntries(kept),
      CALLINVITE_DATA_DIR: this.#folder,
      CALLINVITE_SENDS_PER_MINUTE: "0",
      CALLINVITE_LOGINS_PER_MINUTE: "0",
      ...this.#settings,
    };
  }
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}
