"""A routing record is written short and read back whole."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from routing.choose import BEST, Candidate, Outcome
from routing.match import Step, Target
from routing.weighing import accrued_of, explained, told, weighed

REPS = [f"rep-{n:02}" for n in range(BEST + 3)]
REASONS = ("", "absent", "capacity", "off_hours")
amounts = st.integers(-2_000_000, 2_000_000)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Reps of one pool, some of another or of none, some of whom could not take it."""
    reps = draw(st.lists(st.sampled_from(REPS), unique=True, max_size=len(REPS)))
    seen = [
        Candidate(
            rep,
            draw(st.sampled_from(("paris", "paris", "paris", "lyon", ""))),
            draw(st.sampled_from(REASONS)),
            draw(amounts),
            draw(st.integers(0, 40)),
            draw(st.none() | st.integers(0, 40)),
            draw(st.none() | st.integers(1, 2**52)),
        )
        for rep in reps
    ]
    able = [c for c in seen if not c.why_not and c.pool == "paris"]
    if not able:
        return Outcome("held", "r", pool="paris", reason="no_capacity", candidates=tuple(seen))
    given_to = {c.rep: draw(amounts) for c in able} if draw(st.booleans()) else {}
    return Outcome("assigned", "r", able[0].rep, "paris", accrued=given_to, candidates=tuple(seen))


def row_of(c: Candidate, outcome: Outcome) -> dict[str, Any]:
    """What was known of a rep, by the meaning of each name."""
    row: dict[str, Any] = {"rep": c.rep, "credit": c.credit, "load": c.load}
    row |= {"why_not": c.why_not} if c.why_not else {}
    row |= {name: value for name, value in (("capacity", c.capacity), ("until", c.until)) if value is not None}
    if any(each.pool != outcome.pool for each in outcome.best()) and c.pool:
        row["pool"] = c.pool
    if c.pool == outcome.pool and c.rep in outcome.accrued:
        row["gets"] = outcome.accrued[c.rep]
    return row


@given(outcomes())
def test_every_rep_that_was_weighed_is_read_back_as_it_was(outcome: Outcome) -> None:
    why = explained(Target("r", (Step("pool", "paris"),)), outcome)
    assert weighed(why) == [row_of(c, outcome) for c in outcome.best()]
    assert told(why)["best"] == weighed(why)


@given(outcomes())
def test_what_a_turn_gave_is_read_back_for_all_of_them_however_few_are_kept(outcome: Outcome) -> None:
    assert accrued_of(explained(Target("r", (Step("pool", "paris"),)), outcome)) == outcome.accrued


def test_what_is_empty_is_not_kept_and_is_told_all_the_same() -> None:
    plain = Outcome("assigned", "r", "ada", "paris", candidates=(Candidate("ada", "paris"), Candidate("bob", "paris")))
    why = explained(Target("r", (Step("pool", "paris"),)), plain)
    assert why == {"rule": "r", "weighed": {"reps": ("ada", "bob"), "credits": (0, 0), "loads": (0, 0)}}
    assert told(why) == {
        "rule": "r", "matched": [], "passed": [], "skipped": [], "skills": {}, "languages": [], "excluded": {}, "barred": [],
        "best": [{"rep": "ada", "credit": 0, "load": 0}, {"rep": "bob", "credit": 0, "load": 0}],
    }  # fmt: skip


def test_a_record_of_before_is_read_as_it_was_written() -> None:
    best = [{"rep": "ada", "credit": 5, "load": 1, "gets": 7}, {"rep": "bob", "credit": 1, "load": 2}]
    why = {"rule": "r", "best": best, "passed": [], "accrued": {"cleo": 3}}
    assert weighed(why) == best
    assert accrued_of(why) == {"ada": 7, "cleo": 3}
    assert told(why)["best"] == best
