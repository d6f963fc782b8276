"use strict";
// A process that starts one server for a test run, and stops it when the run has ended.
//
//     node keeper.js SOCKET RUNNER COMMAND…
//
// It listens on SOCKET, a path that all processes of the run derive from RUNNER, the process id of the test runner. If
// another keeper is there already, this one ends: the first one wins. A process that uses the server holds a connection
// to SOCKET; it gets one line of JSON, `{url}` or `{error}`, when that is known. The server ends when no connection is
// left and the runner has ended, or when the runner has ended although a worker hangs, or after a while without
// connections, as in watch mode. It also ends when this process gets a signal; a crash of the runner is none.

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");

const [socket, runner, ...command] = process.argv.slice(2);
const GREETING = "listening on ";
const STOPS_WITHIN = 10_000;
const IDLE = 30_000;
const users = new Set();
let known = null; // the line for those who connect
let server = null;
let idleSince = Date.now();
let isEnding = false;

const listening = net.createServer((user) => {
  users.add(user);
  user.on("error", () => {});
  user.on("close", () => {
    users.delete(user);
    idleSince = Date.now();
    check();
  });
  user.resume(); // otherwise its end is never seen
  if (known) user.write(known);
});
listening.on("error", (problem) => {
  if (problem.code !== "EADDRINUSE") process.exit(1);
  // A socket without a listener was left by a keeper that was killed.
  const other = net.connect(socket, () => process.exit(0));
  other.on("error", () => {
    fs.rmSync(socket, { force: true });
    listening.listen(socket);
  });
});
listening.on("listening", start);
listening.listen(socket);

function start() {
  server = spawn(command[0], [...command.slice(1), "serve", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  server.stderr.on("data", (text) => (errors = (errors + text).slice(-10_000)));
  server.stdout.on("data", (text) => {
    output = (output + text).slice(-10_000);
    const [line, rest] = output.split("\n");
    if (!known && rest !== undefined && line.startsWith(GREETING)) tell({ url: line.slice(GREETING.length).trim() });
  });
  server.on("error", (problem) => tell({ error: problem.message }));
  server.on("close", (status, signal) => {
    if (!known) tell({ error: `${command.join(" ")} serve ended with ${status ?? signal}\n${errors}` });
    server = null;
    end();
  });
  setInterval(check, 500);
}

function tell(what) {
  known = `${JSON.stringify(what)}\n`;
  for (const user of users) user.write(known);
}

function check() {
  const isRunnerGone = !isAlive(Number(runner));
  if (isRunnerGone || (!users.size && Date.now() - idleSince > IDLE)) end();
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return problem.code === "EPERM";
  }
}

function end() {
  if (!isEnding) {
    isEnding = true;
    listening.close(); // removes the socket: who comes now starts another keeper
    for (const user of users) user.end();
  }
  if (!server) process.exit(0);
  server.kill("SIGTERM");
  setTimeout(() => server?.kill("SIGKILL"), STOPS_WITHIN);
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);
