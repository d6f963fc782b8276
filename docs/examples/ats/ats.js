"use strict";
// A small applicant-tracking page, to be read. It keeps its applicants in this browser, asks both vendors' APIs for
// assessments, and asks them again until there is an end. Whatever a person or a server wrote is shown as text alone.
//
// It can call the vendors from the browser because the keys of a simulator's sandbox are no secrets. Real keys are:
// they belong on your server, and so do the calls.

const POLL = 1000; // milliseconds between two looks at what is not finished
const PI_STATES = {
  0: "Created", 10: "Sent", 20: "Opened", 30: "Started", 40: "Completed", 50: "Expired", 60: "Failed", 65: "Aborted",
};
const ENDS = new Set(["Fulfilled", "Rejected", "Expired", "Completed", "Failed", "Aborted"]);
const PEOPLE = [
  { first: "Ada", last: "Lovelace", email: "ada@example.com" },
  { first: "Grace", last: "Hopper", email: "grace+completes@example.com" },
  { first: "Alan", last: "Turing", email: "alan+expires@example.com" },
];

const connection = document.getElementById("connection");
const place = { base: "", sandbox: "", token: "" };
let applicants = [];
let round = 0; // counts connections: what an older one has under way may not draw any more

// Asking.

class Refused extends Error {
  constructor(response, body) {
    const rules = response.headers.get("Simulator-Rule");
    super(`${response.status}: ${said(body) || response.statusText}${rules ? ` (${rules})` : ""}`);
    this.status = response.status;
  }
}

// Both vendors' error bodies, as far as a person wants to read them.
function said(body) {
  const parts = (body?.parameterErrors ?? []).map((one) => one.description);
  return parts.join("; ") || body?.message || body?.Message || body?.description || "";
}

async function ask(path, { method = "GET", headers = {}, body } = {}) {
  const sent = body === undefined ? headers : { ...headers, "content-type": "application/json" };
  const response = await fetch(new URL(path, place.base), {
    method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Refused(response, await response.json().catch(() => null));
  return response;
}

async function askPymetrics(path, request = {}) {
  place.token ||= await newToken();
  const keys = () => ({ authorization: `Bearer ${place.token}`, "x-api-key": `sim-${place.sandbox}` });
  try {
    return await ask(path, { ...request, headers: keys() });
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    place.token = await newToken(); // it has lapsed: once more with another
    return ask(path, { ...request, headers: keys() });
  }
}

async function newToken() {
  const keys = { client_id: `sim-${place.sandbox}`, client_secret: "any", grant_type: "client_credentials" };
  const response = await ask("/mercury/oauth/token", { method: "POST", body: keys });
  return (await response.json()).access_token;
}

const askPi = (path, request = {}) => ask(path, { ...request, headers: { "api-key": `sim-${place.sandbox}` } });

// Where a candidate is sent afterwards: back here, when this page has an address.
const back = () => (location.protocol.startsWith("http") ? location.origin + location.pathname : undefined);

const VENDORS = {
  pymetrics: {
    title: "pymetrics",
    send: "Send order",
    async invite(applicant) {
      const response = await askPymetrics("/mercury/order", {
        method: "POST",
        body: {
          candidate: { email: applicant.email, first_name: applicant.first, last_name: applicant.last },
          assessment_id: connection.elements.assessment.value,
          application_id: applicant.id,
          candidate_redirect_url: back(),
        },
      });
      return (await response.json()).order.id;
    },
    async look(id) {
      const order = await (await askPymetrics(`/mercury/getOrder/${encodeURIComponent(id)}?report=true`)).json();
      const results = order.results ?? [];
      return {
        status: order.status,
        link: order.invite_link,
        result: results.map((one) => `${one.score ?? "no score"}: ${one.band ?? "no band"}`).join("; "),
        report: order.reports?.[0]?.download_url, // a link that lapses, and opens without a key
      };
    },
  },
  pi: {
    title: "The Predictive Index",
    send: "Send assessment",
    async invite(applicant) {
      const response = await askPi("/api/v1/behavioralassessments", {
        method: "POST",
        body: {
          firstName: applicant.first, lastName: applicant.last, email: applicant.email, externalId: applicant.id,
          redirectUrl: back(),
        },
      });
      return (await response.json()).assessmentId;
    },
    async look(id) {
      const found = await (await askPi(`/api/v1/behavioralassessments/${encodeURIComponent(id)}`)).json();
      const done = found.assessmentState === 40;
      return {
        status: PI_STATES[found.assessmentState] ?? String(found.assessmentState),
        link: found.assessmentUrl,
        result: done ? `Pattern ${found.patternNumber}` : "",
        picture: done ? await fileOf(found.patternFullUrl) : null,
        file: done ? await fileOf(found.descriptiveReportUrl) : null,
      };
    },
  },
};

// A file behind the API key: an <img> or a link could not send the key, so the page fetches it.
async function fileOf(url) {
  const response = await askPi(url);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "";
  return { url: URL.createObjectURL(await response.blob()), name };
}

// Showing.

const part = (root, name) => root.querySelector(`[data-is="${name}"]`);
const copy = (id) => document.getElementById(id).content.cloneNode(true);

function tell(text, bad = false) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.classList.toggle("bad", bad);
}

function draw(applicant) {
  const card = copy("card");
  const name = `${applicant.first} ${applicant.last}`;
  part(card, "name").textContent = name;
  part(card, "email").textContent = applicant.email;
  for (const [key, vendor] of Object.entries(VENDORS)) {
    const root = part(card, key);
    root.append(copy("vendor"));
    part(root, "vendor").textContent = vendor.title;
    const button = part(root, "send");
    button.textContent = vendor.send;
    button.setAttribute("aria-label", `${vendor.send} to ${name.slice(0, 100)}`);
    button.addEventListener("click", () => invite(applicant, key, root));
    if (applicant[key]) follow(applicant, key, root);
  }
  document.getElementById("applicants").append(card);
}

function show(root, found, name) {
  part(root, "status").textContent = found.status;
  part(root, "send").disabled = true;
  point(part(root, "link"), ENDS.has(found.status) ? "" : found.link, "Open the candidate's link");
  point(part(root, "report"), found.file?.url ?? found.report, "Report (PDF)");
  if (found.file?.name) part(root, "report").download = found.file.name;
  const result = part(root, "result");
  result.textContent = found.result;
  result.hidden = !found.result;
  const picture = part(root, "picture");
  picture.hidden = !found.picture;
  if (found.picture) {
    picture.src = found.picture.url;
    picture.alt = `Behavioural pattern of ${name.slice(0, 100)}`;
  }
}

// A link leads to web pages and to files of ours, and nowhere else: whatever a server sends, it is not code.
function point(link, url, text) {
  link.hidden = !leadsSomewhere(url);
  link.textContent = text;
  if (link.hidden) link.removeAttribute("href");
  else link.href = url;
}

function leadsSomewhere(url) {
  try {
    return ["http:", "https:", "blob:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

// Doing.

async function invite(applicant, key, root) {
  part(root, "send").disabled = true;
  try {
    applicant[key] = await VENDORS[key].invite(applicant);
    keep();
    tell(`${VENDORS[key].title}: ${applicant.first} ${applicant.last} is invited.`.slice(0, 300));
    await follow(applicant, key, root);
  } catch (problem) {
    part(root, "send").disabled = false;
    complain(problem);
  }
}

async function follow(applicant, key, root) {
  const mine = round;
  try {
    for (;;) {
      const found = await VENDORS[key].look(applicant[key]);
      if (mine !== round) return;
      show(root, found, `${applicant.first} ${applicant.last}`);
      if (ENDS.has(found.status) && !(key === "pymetrics" && found.status === "Completed")) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
  } catch (problem) {
    if (mine !== round) return;
    if (problem.status === 404) { // the sandbox was reset: this applicant is not invited any more
      delete applicant[key];
      keep();
      part(root, "send").disabled = false;
    }
    part(root, "status").textContent = problem.status === 404 ? "not invited" : "unknown";
    complain(problem);
  }
}

function complain(problem) {
  const text = problem instanceof Refused ? problem.message : `No answer from ${place.base}: ${problem.message}`;
  tell(text.slice(0, 600), true);
}

async function connect() {
  round += 1;
  const { base, sandbox, assessment } = connection.elements;
  Object.assign(place, { base: base.value, sandbox: sandbox.value, token: "" });
  document.getElementById("applicants").replaceChildren();
  document.getElementById("connected").hidden = true;
  try {
    const { assessments } = await (await askPymetrics("/mercury/configuration")).json();
    const chosen = assessment.value;
    assessment.replaceChildren(...assessments.map((one) => new Option(one.description, one.id)));
    if (assessments.some((one) => one.id === chosen)) assessment.value = chosen;
  } catch (problem) {
    complain(problem);
    return;
  }
  document.getElementById("connected").hidden = false;
  tell(`Connected to ${place.base}, sandbox ${place.sandbox}.`);
  applicants = kept() ?? PEOPLE.map((person) => ({ ...person, id: newId() }));
  keep();
  applicants.forEach(draw);
}

// crypto.randomUUID is there on https and on this machine alone.
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join("");

// Keeping: in this browser, for each simulator and sandbox.

const drawer = () => `ats ${place.base} ${place.sandbox}`;
const keep = () => localStorage.setItem(drawer(), JSON.stringify(applicants));
const kept = () => JSON.parse(localStorage.getItem(drawer()));

connection.addEventListener("submit", (event) => {
  event.preventDefault();
  connect();
});

document.getElementById("applicant").addEventListener("submit", (event) => {
  event.preventDefault();
  const { first, last, email } = event.target.elements;
  const applicant = { first: first.value, last: last.value, email: email.value, id: newId() };
  applicants.push(applicant);
  keep();
  draw(applicant);
  event.target.reset();
});
