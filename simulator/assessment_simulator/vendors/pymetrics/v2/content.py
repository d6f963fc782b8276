"""The words of factor and capability content: all invented, for the vendor's own texts are not public.

The names of the nine factors are those that the vendor speaks of in public; quadrants, labels, capabilities and every
sentence are ours.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pole:
    """One end of a factor: its label, then what is said to a candidate who leans to it."""

    label: str
    strength: str
    opportunity: str
    uses: tuple[str, ...]
    practice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Factor:
    """A trait between two ends, neither of them the better one."""

    name: str
    quadrant: str
    definition: str
    high: Pole
    low: Pole


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a role asks for; `behaviors` are groups of what can be seen of it."""

    label: str
    description: str
    icon: str
    behaviors: tuple[tuple[str, ...], ...]
    develop: tuple[str, ...]
    lead: tuple[str, ...]
    lesson: str


# The nine factors, in alphabetical order.
FACTORS = (
    Factor(
        "Attention", "Thinking", "How you deal with what competes for your notice.",
        Pole("Watchful", "You notice small changes that others pass over.",
            "You may stop for details that do not matter yet.",
            ("Offer to be the second pair of eyes on work that must be right.", "Look over plans for what is missing."),
            ("Decide beforehand what may be left rough.", "Set an end to every review.")),
        Pole("Quick to act", "You get going while others still look around.",
            "You may miss a signal that was there to be seen.",
            ("Take the first step where a group hesitates.", "Clear short tasks away before they pile up."),
            ("Read what you wrote once more before you send it.", "Use a checklist for what repeats.")),
    ),
    Factor(
        "Decision-making", "Thinking", "How much you weigh before you choose.",
        Pole("Deliberate", "You choose after you have seen the sides of a question.",
            "You may still be weighing when the moment has passed.",
            ("Take on choices that are hard to undo.", "Write down the reasons, so that others can follow them."),
            ("Give every decision a date.", "Ask what would be lost by choosing today.")),
        Pole("Instinctive", "You choose early and trust your sense of a situation.",
            "You may find out afterwards what could have been asked before.",
            ("Take on choices where speed counts.", "Say your first impression aloud: it is often useful."),
            ("Name one thing that speaks against your choice.", "Sleep over what cannot be undone.")),
    ),
    Factor(
        "Effort", "Doing", "What makes you work harder.",
        Pole("Driven by the goal", "You give more where more can be won.",
            "You may give little to what seems to lead nowhere.",
            ("Look for work whose result can be measured.", "Tie small tasks to the goal behind them."),
            ("Find out whom a dull task serves.", "Keep a fixed hour for what has no reward.")),
        Pole(
            "Steady", "You give the same care whatever the reward.", "You may spend strength on what does not need it.",
            ("Take on work that must be done well every day.", "Be the one whom others can plan with."),
            ("Ask which of two tasks matters more.", "Drop one habit that nobody would miss.")),
    ),
    Factor(
        "Emotion", "Feeling", "How you read what others feel.",
        Pole("Reads the face", "You see moods before they are spoken of.",
            "You may read more into a face than there is.",
            ("Lead talks in which much is left unsaid.", "Tell the group when its mood turns."),
            ("Ask before you act on a mood.", "Let facts have the last word.")),
        Pole("Reads the situation", "You judge feelings by what has happened.",
            "You may overlook that somebody is not well.",
            ("Bring calm to heated talks by telling what happened.", "Explain where a feeling may come from."),
            ("Look up while you speak.", "Open a meeting by asking how people are.")),
    ),
    Factor(
        "Fairness", "Relating", "How you feel about unequal shares.",
        Pole("Accepts differences", "You see good reasons why shares may differ.",
            "You may not notice when somebody feels passed over.",
            ("Explain why a rule treats two cases differently.", "Look for what each side values most."),
            ("Ask who gains least from a plan.", "Say how a share came about before you give it.")),
        Pole("Seeks balance", "You see to it that everybody gets a share.",
            "You may hold up a good plan because it is not even.",
            ("Speak for those who are not in the room.", "Spread tiresome work over many shoulders."),
            ("Ask what people need, not only what they get.", "Accept a difference that helps all.")),
    ),
    Factor(
        "Focus", "Doing", "How you keep to a task.",
        Pole(
            "Single-minded", "You stay with one thing until it is done.", "You may not hear when the plan has changed.",
            ("Keep long hours free for hard problems.", "Finish what others have begun."),
            ("Look at your messages at fixed times.", "Ask in the middle whether the goal still holds.")),
        Pole("Agile", "You change between tasks without losing the thread.", "You may leave things half done.",
            ("Take on work with many small parts.", "Be the one whom others may interrupt."),
            ("Finish one thing before noon.", "Put away what you do not need for this task.")),
    ),
    Factor(
        "Generosity", "Relating", "How readily you give.",
        Pole("Giving", "You help before you are asked.", "You may have too little left for your own work.",
            ("Show newcomers around.", "Share what you have found out."),
            ("Say when you can help, not only that you will.", "Ask for something in return now and then.")),
        Pole("Sparing", "You use time and means where they count.", "You may seem distant to those who hoped for help.",
            ("Look after budgets.", "Say kindly what cannot be done."),
            ("Offer one small favour a week.", "Tell people why you decline.")),
    ),
    Factor(
        "Learning", "Feeling", "How you change your ways after a surprise.",
        Pole("Adapts fast", "You try another way as soon as one does not work.",
            "You may give up a way that only needed time.",
            ("Try out what is new and tell the others.", "Take on work that nobody has done before."),
            ("Repeat an attempt before you judge it.", "Note what you changed, and why.")),
        Pole("Builds on experience", "You keep what has proved itself.",
            "You may hold on to a way that no longer serves.",
            ("Keep the group's memory.", "Warn when an old mistake comes back."),
            ("Try one new tool a month.", "Ask a beginner what seems odd.")),
    ),
    Factor(
        "Risk tolerance", "Doing", "How much you dare when the outcome is open.",
        Pole("Adventurous", "You see the chance in what is uncertain.", "You may stake more than you can lose.",
            ("Begin what others find too open.", "Bid for the bold plan, and say what it may cost."),
            ("Set a limit before you begin.", "Ask a careful colleague.")),
        Pole("Cautious", "You protect what has been reached.", "You may let a good chance pass.",
            ("Look after what must not fail.", "Prepare the second plan."),
            ("Try the smallest version that could work.", "Write down what waiting costs.")),
    ),
)  # fmt: skip

# What a role may ask for.
CAPABILITIES = (
    Capability(
        "Working with others", "Gets further together than alone.", "people",
        (("Asks before assuming.", "Shares what is known."), ("Gives credit.", "Settles small quarrels early.")),
        ("Ask a colleague what you could make easier.", "Listen to the end before you answer."),
        ("Let the quiet ones speak first.", "Praise what was done together."), "How groups agree",
    ),
    Capability(
        "Solving problems", "Finds a way where none is marked.", "puzzle",
        (("Takes a question apart.", "Tries the simple thing first."), ("Says what is not known.",)),
        ("Explain a problem to somebody who does not know it.", "Look for a second solution."),
        ("Ask for causes, not for culprits.", "Give problems away, not only tasks."), "Questions that help",
    ),
    Capability(
        "Planning", "Knows what comes next and what it needs.", "calendar",
        (("Keeps promises about time.", "Names risks early."), ("Puts first what others wait for.",)),
        ("Plan one week, then look back on it.", "Leave a fifth of your time free."),
        ("Agree on what will not be done.", "Keep dates few and true."), "Plans that bend",
    ),
    Capability(
        "Bearing change", "Stays useful when things turn out otherwise.", "compass",
        (("Asks what the change is for.", "Tries the new way in earnest."), ("Keeps others calm.",)),
        ("Change one small habit on purpose.", "Note what went better than you feared."),
        ("Say what stays as it is.", "Give people time to be against it."), "Living with open ends",
    ),
)  # fmt: skip
