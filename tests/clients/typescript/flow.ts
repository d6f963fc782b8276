// The main flow of both vendors through clients that @hey-api/openapi-ts made of our documents.
// Runs as `node flow.js URL NAME`; says what it saw as JSON.
import * as control from "./control";
import { client as knobs } from "./control/client.gen";
import * as pi from "./predictive-index";
import { client as assessments } from "./predictive-index/client.gen";
import * as pymetrics from "./pymetrics";
import { client as orders } from "./pymetrics/client.gen";

const [baseUrl, name] = process.argv.slice(2);
const throwOnError = true;

async function orderOne(key: string) {
  orders.setConfig({ baseUrl, throwOnError });
  const asked = { client_id: key, client_secret: "any", grant_type: "client_credentials" as const };
  const { data: token } = await pymetrics.createToken({ body: asked, throwOnError });
  orders.setConfig({ auth: (scheme) => (scheme.type === "apiKey" ? key : token.access_token) });
  const { data: offered } = await pymetrics.getConfiguration({ throwOnError });
  const body = {
    candidate: { email: "ada@example.com", first_name: "Ada" },
    assessment_id: offered.assessments[0].id,
    application_id: "application-42",
  };
  const { data: made } = await pymetrics.createOrder({ body, throwOnError });
  const uuid = made.order.id;
  await control.act({ path: { name, id: uuid, action: "complete" }, throwOnError });
  const { data: done } = await pymetrics.getOrder({ path: { uuid }, query: { report: true }, throwOnError });
  const { data: factors } = await pymetrics.getFactorContent({ path: { uuid }, throwOnError });
  const refused = await pymetrics.createOrder({ body: { ...body, assessment_id: "unknown" }, throwOnError: false });
  return {
    status: done.status,
    score: done.results?.[0].score,
    factors: factors.factors.length,
    refused: refused.response?.status,
  };
}

async function assessOne(key: string) {
  assessments.setConfig({ baseUrl, auth: key, throwOnError });
  const body = { firstName: "Grace", lastName: "Hopper", email: "grace@example.com", externalId: "a-1" };
  const { data: made } = await pi.createAssessment({ body, throwOnError });
  const assessmentId = made.assessmentId;
  await control.act({ path: { name, id: assessmentId, action: "complete" }, throwOnError });
  const { data: done } = await pi.getAssessment({ path: { assessmentId }, throwOnError });
  const { data: found } = await pi.listAssessments({ query: { $filter: "externalId eq 'a-1'" }, throwOnError });
  return { state: done.assessmentState, self: done.selfSigmaScore?.[0].aSigma, found: found.length };
}

async function main() {
  knobs.setConfig({ baseUrl, throwOnError });
  const { data: opened } = await control.open({ body: { name }, throwOnError });
  const seen = {
    pymetrics: await orderOne(opened.credentials.pymetrics.api_key),
    predictive_index: await assessOne(opened.credentials.predictive_index.api_key),
  };
  console.log(JSON.stringify(seen));
}

void main();
