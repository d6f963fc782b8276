"""The command `assessment-simulator`: a module for each group of its subcommands, all listed here.

Each option of `serve` is also an environment variable `SIMULATOR_…`, which the option overrides; an empty variable
counts as missing. An invalid value ends the command with status 2 and a message that names the option. Heavy imports
stand inside the commands, so that `--help` and `ready` load nothing of the server. `check` belongs to the package
`assessment_contracts`, and is found by the group.
"""

from assessment_simulator.cli.group import main
from assessment_simulator.cli.health import doctor, ready
from assessment_simulator.cli.intercept import run
from assessment_simulator.cli.recording import compare, record, redact
from assessment_simulator.cli.reference import http_file, openapi, routes, rules
from assessment_simulator.cli.sandbox import clock, complete, env, requests
from assessment_simulator.cli.server import demo, serve

__all__ = ["main"]

for _command in (
    clock,
    compare,
    complete,
    demo,
    doctor,
    env,
    http_file,
    openapi,
    ready,
    record,
    redact,
    requests,
    routes,
    rules,
    run,
    serve,
):
    main.add_command(_command)
