"""An account as it must be, worked out from what was asked of it: a small model, for the state machine."""

from dataclasses import dataclass, field

from assessment_contracts.predictive_index import changes, moments, oracle
from assessment_contracts.predictive_index.oracle import PERSON, TAKER, Account, Body, Face
from assessment_contracts.predictive_index.states import ENDS, MOVES

EXPIRED, COMPLETED = 50, 40


@dataclass
class Model:
    """Assessments in the order of their creation, people by their ids, and the account's clock in ticks."""

    now: int
    account: Account = field(default_factory=Account)
    faces: dict[str, Face] = field(default_factory=dict)
    people: dict[str, Face] = field(default_factory=dict)
    completed: list[str] = field(default_factory=list)
    """The ids of those that a webhook must tell of, in its order."""
    mailed: list[str] = field(default_factory=list)

    def person_of(self, body: Body) -> str | None:
        """Who is assessed again by such a body."""
        by_assessment = [
            f["assessmentUserId"] for f in self.faces.values() if _is(f["externalId"], body.get("externalId"))
        ]
        by_person = [
            id for id, one in self.people.items() if _is(one["externalPersonId"], body.get("externalPersonId"))
        ]
        return (by_assessment[-1:] or by_person or [None])[0]

    def created(self, body: Body, shown: Face) -> Face:
        """What the answer to a creation must be; from now on the assessment is there."""
        known = self.person_of(body)
        person = {name: body.get(name) for name in PERSON}
        kinds = {name: body[name] for name in ("gender", "personType") if body.get(name) is not None}
        if known:
            person = {**self.people[known], **kinds}
            if body.get("externalPersonId") and not person["externalPersonId"]:
                person["externalPersonId"] = body["externalPersonId"]
            assert shown["assessmentUserId"] == known, "somebody known is assessed as somebody new"
        else:
            assert shown["assessmentUserId"] not in self.people, "somebody new is taken for somebody known"
            person |= {"gender": 0, "personType": "Unknown"} | kinds
        self._known_as(shown["assessmentUserId"], person)
        face = oracle.opened({**body, **person}, shown, self.account)
        face["assessmentDateTime"] = moments.written(self.now)
        notified = bool(body.get("notifyAssessmentAvailableUsingEmail"))
        self.faces[shown["assessmentId"]] = {**face, "assessmentState": 10 if notified else 0}
        self.mailed += [shown["assessmentId"]] if notified else []
        return face

    def changed(self, id: str, body: Body) -> Face:
        """What an assessment must be after a change."""
        face = changes.after(self.faces[id], dict(body), self.account)
        if body.get("expirationDateTime") and face["assessmentState"] == EXPIRED:
            face["assessmentState"] = 10
        self._known_as(face["assessmentUserId"], {name: face[name] for name in TAKER})
        self.faces[id] = face
        return face

    def _known_as(self, id: str, person: Face) -> None:
        """What is known of a person now, which every assessment of the person shows."""
        self.people[id] = person
        for one, face in self.faces.items():
            if face["assessmentUserId"] == id:
                self.faces[one] = changes.of_taker(face, person)

    def archived(self, id: str) -> None:
        """An assessment is gone, and with the last one its person."""
        person = self.faces.pop(id)["assessmentUserId"]
        if all(face["assessmentUserId"] != person for face in self.faces.values()):
            del self.people[person]

    def target(self, id: str, action: str) -> int | None:
        """Where an action leads; None when it must be refused."""
        return MOVES.get((self.faces[id]["assessmentState"], action))

    def acted(self, id: str, action: str, read: Face) -> Face:
        """What an assessment must be after an action that was possible; results are learnt from what is read."""
        state = MOVES[self.faces[id]["assessmentState"], action]
        face = {**self.faces[id], "assessmentState": state}
        if state == COMPLETED:
            oracle.check_completed(read)
            face |= {name: read[name] for name in oracle.RESULTS} | {"assessmentDateTime": moments.written(self.now)}
            self.completed.append(id)
        self.faces[id] = face
        return face

    def advanced(self, span: int) -> None:
        """Time has passed: what is not over by its date expires."""
        self.now += span
        for face in self.faces.values():
            if face["assessmentState"] not in ENDS and moments.ticks(face["expirationDateTime"]) <= self.now:
                face["assessmentState"] = EXPIRED


def _is(known: str | None, sent: object) -> bool:
    return bool(sent) and known == sent
