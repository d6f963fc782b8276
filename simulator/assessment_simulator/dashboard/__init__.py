"""The dashboard: HTML pages over the control API.

Every page and form is a client of the control API, in the same process (`api_client`): it can show and do nothing that
a script cannot. A GET calls the control API, then renders a template with what the page's view returns. A POST runs the
form's action (`forms`) and redirects back to the page, so that reloading sends nothing again. If the control API
refuses the action, the page is rendered with the problem and the same status; a 404 becomes a page of its own. If
another process owns the sandbox, the nested call leaves the whole request to that process.

`routes` holds the table of pages, with their views, and is the place to begin. `tour` is the guided tour of the sandbox
`demo`. `formatting` holds the functions that templates call.
"""
