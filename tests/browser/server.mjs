// The built program on a free port with a temporary data folder, for browser tests.
// MULLIGAN_BINARY is its path; CTest sets it.
import { spawn } from "node:child_process";
import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// A slow machine is no failure: limits in time are far away.
const PATIENCE = {
  MULLIGAN_DEADLINE: "120", MULLIGAN_LOAD_DEADLINE: "120", MULLIGAN_POOL_WAIT: "120", MULLIGAN_WRITE_WAIT: "120",
};

const project = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Starts a server and resolves, once it listens, to { url, scripts, logged(), save(), stop() }. It serves a copy of
 * `app`, a folder of the project, so that a test can save what it likes; `args` are more arguments of `serve`.
 */
export async function startServer({ app = "scripts", args = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mulligan-browser-"));
  const data = join(folder, "data");
  const scripts = join(folder, "scripts");
  await cp(join(project, app), scripts, { recursive: true });
  const server = spawn(
    process.env.MULLIGAN_BINARY,
    ["serve", "--port", "0", "--data", data, "--scripts", scripts, ...args],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...PATIENCE, ...process.env } },
  );
  let log = "";
  server.stderr.on("data", (bytes) => (log += bytes));
  const ended = new Promise((resolve) => server.on("close", (status) => resolve(status)));

  let url;
  for await (const line of createInterface({ input: server.stdout })) {
    url = line.match(/^mulligan: listening on (http:\/\/\S+)$/)?.[1];
    if (url) break;
  }
  if (!url) throw new Error(`the server did not start (exit status ${await ended}):\n${log}`);

  return {
    url,
    scripts,
    /** Waits until the log has the pattern, and returns the match: what was written before the first answer may come
     * after it, through a pipe of its own. */
    async logged(pattern) {
      for (let match; ; await new Promise((resolve) => setTimeout(resolve, 10))) if ((match = log.match(pattern))) return match;
    },
    /** Saves a script in one step, so that no half of it is ever loaded, and has the scripts loaded anew, whether or not
     * the folder is watched. */
    async save(name, content) {
      const draft = join(folder, "draft");
      await writeFile(draft, content);
      await rename(draft, join(scripts, name));
      server.kill("SIGHUP");
    },
    async stop() {
      server.kill("SIGTERM");
      const status = await ended;
      await rm(folder, { recursive: true });
      if (status !== 0) throw new Error(`the server ended with status ${status}:\n${log}`);
    },
  };
}
