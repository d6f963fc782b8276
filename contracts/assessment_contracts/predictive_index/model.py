"""A small model of an account, for state machines: what responses must show after the requests so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts import timestamps
from assessment_contracts.predictive_index import changes, oracle
from assessment_contracts.predictive_index.oracle import PERSON, TAKER, Account, Body, Face
from assessment_contracts.predictive_index.states import COMPLETED, ENDS, EXPIRED, MOVES, SENT
from assessment_contracts.predictive_index.strategies import GRAPHS

DEFAULTS: Mapping[str, Any] = {
    "pi.unsent_state": 0, "pi.created_state": "sample", "pi.webhook_on": "completion", "pi.list_limit": 50,
    "pi.state_member": "assessmentState", "invitation_days": 10, "progress": "manual", "default_webhook_url": None,
}  # fmt: skip
"""The settings that the model follows, with the values of a new sandbox; those with a dot are behaviour flags."""
DELAYS: Mapping[str, int] = {"PT0S": 0, "PT1H": timestamps.HOUR}
"""The values of `progress` that complete an assessment without a tag, and after which time."""
TAGS: Mapping[str, tuple[str, int]] = {
    "completes": ("complete", 0), "completes-in-10s": ("complete", 10 * timestamps.SECOND),
    "completes-in-2h": ("complete", 2 * timestamps.HOUR), "expires": ("expire", 0), "abandons": ("start", 0),
    "rejected": ("reject", 0),
}  # fmt: skip
"""The action that a tag in a taker's e-mail causes, and after which time; to reject is impossible here."""
LEANS: Mapping[str, tuple[float, float]] = {"+score-high": (0, 4), "+score-low": (-4, 0)}
"""Between which scores a tag keeps those of an assessment."""
REQUIRED = ("firstName", "lastName", "email")
_NAMES = {"firstName": "first_name", "middleName": "middle_name", "lastName": "last_name", "email": "email"}
"""The members that must not be sent for a known person, as rules spell them."""


@dataclass
class Model:
    """Assessments in the order of their creation, people by their ids, and the account's clock in ticks."""

    now: int
    settings: dict[str, Any] = field(default_factory=lambda: {**DEFAULTS})
    faces: dict[str, Face] = field(default_factory=dict)
    people: dict[str, Face] = field(default_factory=dict)
    timers: list[tuple[int, str, str]] = field(default_factory=list)
    """Timers: when, for which assessment, and which action."""
    unlearned: set[str] = field(default_factory=set)
    """The ids of those that were completed and not read since: their results are not known yet."""
    webhooks: list[tuple[int, str, str]] = field(default_factory=list)
    """When a webhook must be sent, of which assessment, and to which URL."""
    mailed: list[str] = field(default_factory=list)

    def person_of(self, body: Body) -> str | None:
        """The person who is assessed again by this body."""
        return self._assessed_as(body.get("externalId")) or self._known_by(body.get("externalPersonId"))

    def _assessed_as(self, id: str | None) -> str | None:
        found = [face["assessmentUserId"] for face in self.faces.values() if id and face["externalId"] == id]
        return found[-1] if found else None

    def _known_by(self, id: str | None) -> str | None:
        return next((user for user, one in self.people.items() if id and one["externalPersonId"] == id), None)

    def broken_rules(self, body: Body) -> set[str]:
        """The rules about names, the caller's ids and the date that this body violates."""
        if self.person_of(body):
            rules = {f"pi.create.{slug}.excluded" for name, slug in _NAMES.items() if body.get(name)}
        else:
            rules = {f"pi.create.{_NAMES[name]}.required" for name in REQUIRED if not body.get(name)}
        user, named = self._assessed_as(body.get("externalId")), body.get("externalPersonId")
        # A person without an id may be given one, unless it is that of another person.
        taken = user and (self.people[user]["externalPersonId"] or self._known_by(named))
        if user and named and taken and self._known_by(named) != user:
            rules.add("pi.create.external_person_id.match")
        if body.get("expirationDateTime") and timestamps.ticks(body["expirationDateTime"]) <= self.now:
            rules.add("pi.create.expiration.future")
        return rules

    def created(self, body: Body, shown: Face) -> Face:
        """What the response to a creation must be; from now on the assessment exists."""
        known = self.person_of(body)
        person = {name: body.get(name) for name in PERSON}
        kinds = {name: body[name] for name in ("gender", "personType") if body.get(name) is not None}
        if known:
            person = {**self.people[known], **kinds}
            if body.get("externalPersonId") and not person["externalPersonId"]:
                person["externalPersonId"] = body["externalPersonId"]
            assert shown["assessmentUserId"] == known, "a known person is assessed as a new one"
        else:
            assert shown["assessmentUserId"] not in self.people, "a new person is assessed as a known one"
            person |= {"gender": 0, "personType": "Unknown"} | kinds
        self._known_as(shown["assessmentUserId"], person)
        id, notified = shown["assessmentId"], bool(body.get("notifyAssessmentAvailableUsingEmail"))
        state = SENT if notified else self.settings["pi.unsent_state"]
        face = oracle.opened({**body, **person}, shown, Account(days=self.settings["invitation_days"]))
        face |= {"assessmentDateTime": timestamps.seven_decimals(self.now), "assessmentState": state}
        self.faces[id] = face
        self.mailed += [id] if notified else []
        if self.settings["pi.webhook_on"] == "creation and completion":
            self._notify(id)
        self.timers.append((timestamps.ticks(face["expirationDateTime"]), id, "expire"))
        tags = [TAGS[tag] for tag in face["email"].rpartition("@")[0].lower().split("+")[1:] if tag in TAGS]
        if tags or self.settings["progress"] in DELAYS:
            action, delay = tags[0] if tags else ("complete", DELAYS[self.settings["progress"]])
            self.timers.append((self.now + delay, id, action))
        return self.renamed(face if self.settings["pi.created_state"] == "sent" else {**face, "assessmentState": 0})

    def changed(self, id: str, body: Body) -> Face:
        """What an assessment must be after a change."""
        face = changes.after(self.faces[id], dict(body), Account())
        # The present time of expiry again is no change: timers of one instant keep their order.
        moved = face["expirationDateTime"] != self.faces[id]["expirationDateTime"]
        if moved and face["assessmentState"] == EXPIRED:
            face["assessmentState"] = SENT
        if moved and face["assessmentState"] not in ENDS:
            self.timers = [timer for timer in self.timers if timer[1:] != (id, "expire")]
            self.timers.append((timestamps.ticks(face["expirationDateTime"]), id, "expire"))
        self._known_as(face["assessmentUserId"], {name: face[name] for name in TAKER})
        self.faces[id] = face
        return self.renamed(face)

    def _known_as(self, id: str, person: Face) -> None:
        """A person has these members now, which every assessment of the person shows."""
        self.people[id] = person
        for one, face in self.faces.items():
            if face["assessmentUserId"] == id:
                self.faces[one] = changes.of_taker(face, person)

    def archived(self, id: str) -> None:
        """An assessment is removed, and with the last one its person."""
        person = self.faces.pop(id)["assessmentUserId"]
        self.timers = [timer for timer in self.timers if timer[1] != id]
        if all(face["assessmentUserId"] != person for face in self.faces.values()):
            del self.people[person]

    def move(self, id: str, action: str) -> bool:
        """Whether the action is possible; then it is done."""
        face = self.faces[id]
        state = MOVES.get((face["assessmentState"], action))
        if state is None:
            return False
        face["assessmentState"] = state
        if state in ENDS:
            self.timers = [timer for timer in self.timers if timer[1] != id]
        if state == COMPLETED:
            face["assessmentDateTime"] = timestamps.seven_decimals(self.now)
            self.unlearned.add(id)
            self._notify(id)
        return True

    def _notify(self, id: str) -> None:
        url = self.faces[id]["assessmentStatusWebHook"] or self.settings["default_webhook_url"]
        if url:
            self.webhooks.append((self.now, id, url))

    def pass_until(self, end: int) -> list[tuple[int, str, str]]:
        """Time passes: timers fire at their own times, equal ones in their order. Returns what happened."""
        events = []
        while due := [timer for timer in self.timers if timer[0] <= end]:
            timer = min(due, key=lambda one: one[0])
            self.timers.remove(timer)
            self.now, id, action = timer
            events += [timer] if self.move(id, action) else []
        self.now = end
        return events

    def expected(self, shown: Face) -> Face:
        """How an assessment must be shown; results that are not known yet are taken from `shown`, and checked."""
        face = self.faces[shown["assessmentId"]]
        if face["assessmentId"] in self.unlearned:
            face |= {name: shown[name] for name in oracle.RESULTS}
            oracle.check_completed(face)
            low, high = next((LEANS[tag] for tag in LEANS if tag in face["email"].lower()), (-4, 4))
            for graph in GRAPHS:
                assert all(low <= score <= high for score in face[graph][0].values()), f"{graph} is {face[graph]}"
            self.unlearned.remove(face["assessmentId"])
        return self.renamed(face)

    def renamed(self, face: Face) -> Face:
        """An assessment with its state under the name that the settings give it."""
        member = self.settings["pi.state_member"]
        return {member if name == "assessmentState" else name: value for name, value in face.items()}
