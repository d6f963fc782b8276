"""HTTP: connections, access, the vendors' endpoints, and what control API and pages share.

A request passes these wrappers in this order; `app.py` puts them together:

1. `connection` checks the head and the limits, and passes one request at a time to uvicorn.
2. `base_url` restores what a trusted reverse proxy changed; `access_log` writes a line, if asked for.
3. `cross_origin` refuses unknown hosts and pages of other sites.
4. `vendor_endpoint` answers the paths of the vendors (`router`); its docstring lists its steps. If another process owns
   the sandbox, it names the owner, and `forwarding`, which wraps it (PostgreSQL only), sends the request there.
5. All other paths: `CrossOriginHeaders` adds the CORS headers; `auth` requires the control token or a login in closed
   access; then Starlette routes (`routing`) to the control API, the dashboard, the candidates' pages and their files.

Errors of the simulator are problems (RFC 9457, `problem_details`); errors of a vendor have the vendor's own form. What
may fail: a client that sends too much, too slowly, or disconnects (`asgi.TooLarge`, `asgi.Gone`); the log; and the
owner of a sandbox that cannot be reached.
"""
