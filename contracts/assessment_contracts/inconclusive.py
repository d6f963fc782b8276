"""Why there is no going on for now, which says nothing about what is true."""

OUT_OF_TIME = "the budget was used up"


class Inconclusive(BaseException):
    """Nothing more can be asked. No `Exception`, so that Hypothesis does not take it for a failure."""
