"""The control API under `/_simulator`: what people, tests and pages use to set up and inspect the simulator.

Begin with `operations`, the one list of all calls: each row names the path, the verb, the handler, the query
parameters, and the models of the body and the answer. Routes and OpenAPI document are both built from this list, so
they cannot differ. `router` serves it, `operation` says what a row and a call are, `openapi` writes the documents, also
those of the vendors.

What happens to a call, in this order:

1. The router finds the sandbox in the path (in open access it may be created), and fires its timers that are due.
2. Query and body are validated with the row's parameters and model; every error names the member and the valid values
   (422).
3. The handler changes the sandbox or reads from it. There is one module for each resource, with handlers and models.
4. The result becomes JSON by the row's answer model: each body has one class for validation, view and schema.
5. The answer leaves when everything that the sandbox has changed by then is durable.

A call that fails answers with a problem (RFC 9457) that says what to change. Long lists are written in pieces, so that
other calls are answered meanwhile.

Only what `/health`, `/ready` and `/metrics` need is imported when the server starts. The others load pydantic, which
takes a fifth of a second, so the first call that needs them imports them in a thread.
"""
