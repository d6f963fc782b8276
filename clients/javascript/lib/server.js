"use strict";
// Finds the server of this test run: the one at SIMULATOR_URL, else one that is started once for all workers.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { Connection, SimulatorError } = require("./connection.js");
const { version } = require("../package.json");

const STARTS_WITHIN = 120_000; // uvx may have to download it

/** Resolves to a connection to the server, and to `release`, which tells the server that this process is done. */
async function findServer() {
  const { SIMULATOR_URL: url, SIMULATOR_CONTROL_TOKEN: token } = process.env;
  if (url) {
    const connection = new Connection(url, token);
    try {
      await connection.call("GET", "/_simulator/health");
    } catch (problem) {
      throw new SimulatorError(`SIMULATOR_URL is ${url}, and no simulator responds there: ${problem.message}`);
    }
    return { connection, isOwn: false, release() {} };
  }
  const { socket, url: started } = await attach();
  return { connection: new Connection(started), isOwn: true, socket, release: () => socket.destroy() };
}

/** Connect to the keeper of this run, which is started if there is none; resolves when the server listens. */
async function attach() {
  const place = socketPath();
  const deadline = Date.now() + STARTS_WITHIN;
  let keeper = null;
  for (;;) {
    const socket = await connected(place);
    const said = socket && (await firstLine(socket, deadline));
    if (said?.url) return { socket, url: said.url };
    if (said?.error) throw new SimulatorError(`the simulator did not start: ${said.error}`);
    if (Date.now() > deadline) throw new SimulatorError(`the simulator did not start within ${STARTS_WITHIN / 1000} s`);
    if (!socket && (keeper === null || keeper.exitCode !== null)) keeper = startKeeper(place);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function startKeeper(place) {
  // The tests' own settings of a server, of Node.js and of coverage are not for these processes.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SIMULATOR_.*|NODE_OPTIONS|NODE_V8_COVERAGE)$/.test(name)),
  );
  const script = path.join(__dirname, "keeper.js");
  const options = { detached: true, stdio: "ignore", env };
  const keeper = spawn(process.execPath, [script, place, String(runner()), ...findCommand()], options);
  keeper.unref();
  return keeper;
}

function connected(place) {
  return new Promise((resolve) => {
    const socket = net.connect(place);
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

/** The line that the keeper sends when the server listens or has failed; null if the keeper has ended. */
function firstLine(socket, deadline) {
  return new Promise((resolve) => {
    let text = "";
    const finish = (value) => {
      clearTimeout(timer);
      // From now on the connection only shows that this process is there; it does not keep the process running.
      if (value) socket.unref();
      resolve(value);
    };
    const timer = setTimeout(finish, Math.max(0, deadline - Date.now()), null);
    socket.on("data", (part) => {
      text += part;
      if (text.includes("\n")) finish(JSON.parse(text.slice(0, text.indexOf("\n"))));
    });
    socket.on("error", () => finish(null));
    socket.on("close", () => finish(null));
  });
}

/** The process id of the test runner, the same in all its workers. */
function runner() {
  // The processes of Vitest and Jest are connected to the runner, those of node:test have a variable. All others, and the
  // threads of Vitest, are in the runner itself.
  return process.connected || process.env.NODE_TEST_CONTEXT ? process.ppid : process.pid;
}

/** Where the keeper of this run listens: in a folder that only this user may use. */
function socketPath() {
  const user = os.userInfo();
  const name = `assessment-simulator-${user.uid < 0 ? user.username : user.uid}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${name}-${runner()}`;
  const folder = path.join(os.tmpdir(), name);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = fs.lstatSync(folder);
  if (!found.isDirectory() || found.uid !== user.uid || found.mode & 0o077) {
    throw new SimulatorError(`${folder} must be a folder that only you may use: remove it, or set TMPDIR`);
  }
  return path.join(folder, `${runner()}.sock`);
}

/** The command of the simulator: installed, else run by uvx in this package's own version. */
function findCommand() {
  const installed = executable("assessment-simulator", environments());
  if (installed) return [installed];
  const uvx = executable("uvx");
  if (uvx) return [uvx, "--from", `assessment-simulator==${version}`, "assessment-simulator"];
  throw new SimulatorError(
    `the command assessment-simulator was not found. Install it (pip install assessment-simulator==${version}), or install uv, ` +
      "whose uvx runs it, or set SIMULATOR_URL to a running server",
  );
}

function executable(name, folders = []) {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const places = [...(process.env.PATH ?? "").split(path.delimiter).filter(Boolean), ...folders];
  return places.map((folder) => path.join(folder, name + suffix)).find(isExecutable);
}

function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The folders of commands of `.venv` here and above. */
function environments() {
  const folders = [];
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    folders.push(path.join(folder, ".venv", process.platform === "win32" ? "Scripts" : "bin"));
    if (folder === path.dirname(folder)) return folders;
  }
}

module.exports = { findServer };
