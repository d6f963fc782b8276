"""The states of an assessment. Every change of `assessmentState` is a row of `STATE_MACHINE.moves` or `REVIVED`.

States as listed on the page Common; 0 stands only in the sample of POST behavioralassessments. The vendor publishes no
moves between them: these are ours. `fail` is no action, because only cognitive assessments are known to fail.
"""

from assessment_simulator.core.states import DiagramPosition, State, StateMachine

VENDOR_ID = "predictive_index"
RECORD_KIND = "assessment"

CREATED, SENT, OPENED, STARTED, COMPLETED, EXPIRED, FAILED, ABORTED = 0, 10, 20, 30, 40, 50, 60, 65

_UNFINISHED = (CREATED, SENT, OPENED, STARTED)

_STEPS: dict[tuple[State, str], State] = {
    (CREATED, "open"): OPENED, (SENT, "open"): OPENED, (OPENED, "open"): OPENED, (STARTED, "open"): STARTED,
    (OPENED, "start"): STARTED, (STARTED, "start"): STARTED,
    (STARTED, "complete"): COMPLETED,
    (STARTED, "fail"): FAILED,
}  # fmt: skip

STATE_MACHINE = StateMachine(
    states={
        CREATED: "Created", SENT: "Sent", OPENED: "Opened", STARTED: "Started", COMPLETED: "Completed",
        EXPIRED: "Expired", FAILED: "Failed", ABORTED: "Aborted",
    },
    moves=_STEPS
    | {(state, "expire"): EXPIRED for state in _UNFINISHED}
    | {(state, "abort"): ABORTED for state in _UNFINISHED},
    happy_path=("open", "start", "complete"),
)  # fmt: skip

# Where the diagram shows each state. States with many predecessors are high, so that straight arrows reach them.
DIAGRAM_POSITIONS: dict[State, DiagramPosition] = {
    EXPIRED: DiagramPosition(0, 0, 4), CREATED: DiagramPosition(1, 0), SENT: DiagramPosition(2, 1),
    OPENED: DiagramPosition(1, 2), STARTED: DiagramPosition(1, 3), COMPLETED: DiagramPosition(1, 4),
    FAILED: DiagramPosition(2, 4), ABORTED: DiagramPosition(3, 0, 4),
}  # fmt: skip

# The states without timers or actions.
ENDS = frozenset(STATE_MACHINE.ends)
# The end state that a later expiration date leaves, and the state that it leads to.
REVIVED: dict[State, State] = {EXPIRED: SENT}
ACTIONS = ("open", "start", "complete", "expire", "abort")
