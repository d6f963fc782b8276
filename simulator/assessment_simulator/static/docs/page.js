"use strict";
// Shows the document that `?of=` names. Nothing is asked of any other server than the one that this page comes from.
const links = [...document.querySelectorAll("nav a")];
const wanted = new URLSearchParams(location.search).get("of");
const chosen = links.find((link) => link.dataset.of === wanted) ?? links[0];
chosen.setAttribute("aria-current", "page");

// Swagger UI leaves a select without a name, puts links into buttons, skips a level of headings, and has parts that
// stand in no landmark; whoever cannot see needs it otherwise.
const reference = document.getElementById("reference");
function mend() {
  for (const select of reference.querySelectorAll("select:not([aria-label])")) select.setAttribute("aria-label", "Choose one");
  for (const [heading, level] of [["h3.opblock-tag", 2], [".models h4", 2]]) {
    for (const one of reference.querySelectorAll(heading)) one.setAttribute("aria-level", level);
  }
  for (const [part, name] of [[".information-container", "About"], [".scheme-container", "Server"]]) {
    for (const one of reference.querySelectorAll(part)) {
      one.setAttribute("role", "region");
      one.setAttribute("aria-label", name);
    }
  }
  for (const link of reference.querySelectorAll("button a[href]")) link.removeAttribute("href");
}
new MutationObserver(mend).observe(reference, { childList: true, subtree: true });

// Swagger UI does not follow references under `webhooks`.
function withWebhooks(spec) {
  for (const [name, item] of Object.entries(spec.webhooks ?? {})) {
    if (item.$ref) spec.webhooks[name] = spec.components.pathItems[item.$ref.split("/").pop()];
  }
  return spec;
}

async function show() {
  const answer = await fetch(`openapi/${chosen.dataset.of}.json`);
  SwaggerUIBundle({
    spec: withWebhooks(await answer.json()),
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}
show();
