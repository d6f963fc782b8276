// Verifies webhooks with the package of npm: rows of `[secret, headers, body]` in, what came of each out, as JSON.
const { Webhook } = require("standardwebhooks");

function verified([secret, headers, body]) {
  try {
    new Webhook(secret).verify(body, headers);
    return "ok";
  } catch (problem) {
    return String(problem);
  }
}

const rows = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(rows.map(verified)));
