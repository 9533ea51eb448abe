"""What visitors did one after the other, as frozen values: funnels, retention, paths and lists of sessions.

Each is asked about a question's interval, filters, zone and bots; the question's measures and splits do not matter.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Discriminator, Tag, model_validator
from pydantic import Field as Option

from dkd.model.types import Duration, Frozen, Name
from dkd.query.question import Filter, Text

MOST_STEPS = 8
MOST_READ = 200_000
"""Events that are read to be put in order one by one; of more Druid counts what it can."""


class Step(Frozen):
    """Events called *event* that fit all *filters*; without a name, events of any name."""

    event: Name | None = None
    filters: tuple[Filter, ...] = ()


class Funnel(Frozen):
    """How many of those who did the first step did the second, and so on.

    Attributes:
        steps: Two to eight.
        unit: Who has to do them: one visitor, or one session.
        any_order: The steps may come in any order; without, each at a later time than the one before.
        window: From the first to the last step at most; None for no limit but the interval.
        split: A funnel for each value of this dimension, as it is in the unit's first event of the first step.
    """

    steps: tuple[Step, ...] = Option(min_length=2, max_length=MOST_STEPS)
    unit: Literal["visitor", "session"] = "visitor"
    any_order: bool = False
    window: Duration | None = None
    split: Name | None = None

    @model_validator(mode="after")
    def _some_time(self) -> "Funnel":
        if self.window is not None and self.window < timedelta(seconds=1):
            raise ValueError("the window is at least one second; without a window the whole interval counts")
        return self


class Retention(Frozen):
    """How many of the visitors that came up in one period came back in the periods after it.

    Attributes:
        grain: Width of a period.
        back: The event that counts as coming back; None for any.
        born: When a visitor came up: what its id says, or its first event of the whole history.
    """

    grain: Literal["P1D", "P1W", "P1M"] = "P1D"
    back: Name | None = None
    born: Literal["id", "visit"] = "id"


class Paths(Frozen):
    """What came after, or before, within a session.

    Attributes:
        by: What a step is: a value of this dimension; equal ones in a row are one step.
        anchor: Begin at the first time it has this value; None for the session's first step, or its last.
        backwards: What came before instead.
        depth: Steps after the first.
        top: Values of each step that are shown, the others together.
    """

    by: Name = "page_path"
    anchor: Text | None = None
    backwards: bool = False
    depth: Annotated[int, Option(ge=1, le=8)] = 4
    top: Annotated[int, Option(ge=1, le=20)] = 6


class Behind(Frozen):
    """Those behind one bar of a funnel.

    Attributes:
        funnel: Whose.
        step: From 1 on.
        lost: Those that did the step before and not this one; without, those that did this one.
    """

    funnel: Funnel
    step: Annotated[int, Option(ge=1, le=MOST_STEPS)]
    lost: bool = False

    @model_validator(mode="after")
    def _one_of_its_steps(self) -> "Behind":
        if self.step > len(self.funnel.steps) or (self.lost and self.step == 1):
            raise ValueError(f"there is no such bar at step {self.step} of {len(self.funnel.steps)}")
        return self


class CameBack(Frozen):
    """Those behind one cell of a retention.

    Attributes:
        retention: Whose.
        cohort: From 0 on, the period of the interval that they came up in.
        ahead: So many periods later they were back; 0 in the same.
    """

    retention: Retention
    cohort: Annotated[int, Option(ge=0, le=100)]
    ahead: Annotated[int, Option(ge=0, le=100)] = 0


def _which(value: object) -> str:
    is_cell = isinstance(value, CameBack) or (isinstance(value, dict) and ("retention" in value or "cohort" in value))
    return "cell" if is_cell else "bar"


Shown = Annotated[Annotated[Behind, Tag("bar")] | Annotated[CameBack, Tag("cell")], Discriminator(_which)]
"""What stands for some visitors or sessions in a picture."""


class Sessions(Frozen):
    """Sessions, newest first, or the events of one.

    Attributes:
        page: Which fifty of them, from 1 on.
        one: The id of the session whose events are listed.
        behind: Only those of the units behind this bar of a funnel, or cell of a retention.
    """

    page: Annotated[int, Option(ge=1, le=200)] = 1
    one: Annotated[str, Option(min_length=1, max_length=200)] | None = None
    behind: Shown | None = None


Behaviour = Funnel | Retention | Paths | Sessions
