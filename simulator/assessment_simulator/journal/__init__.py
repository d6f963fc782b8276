"""What is read from the request journal of a sandbox.

`sandbox.journal.Journal` keeps the last requests to vendors over HTTP with their responses, in memory only, bounded by
number and bytes. Control calls, pages and timers are not recorded. A request is recorded when its response is complete
and before it is sent, so a caller finds its own request there. A reset empties the journal, a restore keeps it, a fork
begins with an empty one.

Recording is part of every request and only stores references. Everything else is done when somebody reads:

- `redaction` hides secrets in whatever is shown, here and in the logs. Nothing leaves the journal without it.
- `views` are exchanges as JSON and as an HTTP Archive, and which rules requests passed and violated; these counts
  outlive the exchanges. `curl` is the shell script that repeats a request.
- `search` finds invitations, deliveries and mails; `timeline` puts together all that happened to one invitation.
- `wait` suspends a caller until a request, webhook or invitation matches. It fails only when that cannot happen any
  more: the sandbox is deleted, or the server closes.

Nothing here knows HTTP: the handlers and the parameters of queries are in `control`.
"""
