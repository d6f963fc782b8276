"use strict";
// Shows the document that `?of=` names. Nothing is asked of any other server than the one that this page comes from.
const links = [...document.querySelectorAll("nav a")];
const wanted = new URLSearchParams(location.search).get("of");
const chosen = links.find((link) => link.dataset.of === wanted) ?? links[0];
chosen.setAttribute("aria-current", "page");
SwaggerUIBundle({
  url: `openapi/${chosen.dataset.of}.json`,
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
});
