// The main flow of both vendors through clients that openapi-generator (typescript-fetch) made of our documents.
// Runs as `node flow.js URL NAME`; says what it saw as JSON.
import * as control from "./control";
import * as pi from "./predictive-index";
import * as pymetrics from "./pymetrics";

const [basePath, name] = process.argv.slice(2);
const sandboxes = new control.SandboxApi(new control.Configuration({ basePath }));

async function orderOne(apiKey: string) {
  let accessToken = "";
  const settings = new pymetrics.Configuration({ basePath, apiKey, accessToken: () => accessToken });
  const api = new pymetrics.PymetricsMercuryApi(settings);
  const tokenBody = { clientId: apiKey, clientSecret: "any", grantType: "client_credentials" as const };
  accessToken = (await api.createToken({ tokenBody })).accessToken;
  const offered = await api.getConfiguration();
  const orderBody = {
    candidate: { email: "ada@example.com", firstName: "Ada" },
    assessmentId: offered.assessments[0].id,
    applicationId: "application-42",
  };
  const uuid = (await api.createOrder({ orderBody })).order.id;
  await sandboxes.act({ name, id: uuid, action: "complete" });
  const done = await api.getOrder({ uuid });
  const refused = await api
    .createOrder({ orderBody: { ...orderBody, assessmentId: "unknown" } })
    .then(() => 0, (error: pymetrics.ResponseError) => error.response.status);
  return { status: done.status, score: done.results?.[0].score, refused };
}

async function assessOne(apiKey: string) {
  const api = new pi.ThePredictiveIndexApi(new pi.Configuration({ basePath, apiKey }));
  const assessmentBody = { firstName: "Grace", lastName: "Hopper", email: "grace@example.com", externalId: "a-1" };
  const { assessmentId } = await api.createAssessment({ assessmentBody });
  await sandboxes.act({ name, id: assessmentId, action: "complete" });
  const done = await api.getAssessment({ assessmentId });
  const found = await api.listAssessments({ $filter: "externalId in ('a-1')" });
  const report = await api.getReport({ assessmentId, reportType: "PersonDetailReport", format: "PDF", gender: "Female" });
  return {
    state: done.assessmentState,
    self: done.selfSigmaScore?.[0].aSigma,
    found: found.map((one) => one.lastName),
    report: (await report.text()).slice(0, 5),
  };
}

async function main() {
  const server = new control.ServerApi(new control.Configuration({ basePath }));
  const { credentials } = await server.open({ opening: { name } });
  const seen = {
    pymetrics: await orderOne(credentials.pymetrics.api_key),
    predictive_index: await assessOne(credentials.predictive_index.api_key),
    mode: (await sandboxes.turn({ name, turning: { advance: "PT24H" } })).mode,
  };
  console.log(JSON.stringify(seen));
}

void main();
