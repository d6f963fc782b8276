"""HTTP: connections, access, the vendors' endpoints, and what control API and pages share.

A request passes these wrappers in this order; `app.py` puts them together:

1. `connection` checks the head and the limits, and passes one request at a time to uvicorn.
2. `proxy_headers` restores what a trusted reverse proxy changed; `access_log` writes a line, if asked for.
3. `request_filter` refuses unknown hosts (`allowed_hosts`) and pages of other sites (`cross_origin`).
4. `forwarding` (PostgreSQL only) sends a request to the process that owns its sandbox.
5. `vendor_endpoint` answers the paths of the vendors (`router`). Its theory of operation describes these five steps.
6. All other paths: `auth` requires the control token or a session (`login`) in closed access; then Starlette routes to
   the control API, the dashboard, the candidates' pages and `static_files`.

Errors of the simulator are problems (RFC 9457, `problem_details`); errors of a vendor have the vendor's own form. What
may fail: a client that sends too much, too slowly, or disconnects (`asgi.TooLarge`, `asgi.Gone`); the log; and the
owner of a sandbox that cannot be reached.
"""
