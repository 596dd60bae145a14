"""Which takes are stale: the rules, against a reading of them that asks of one take at a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from r2vbatch.ledger import State
from r2vbatch.ledger.continuity import Linked, stale

Takes = list[Linked]
STATES = (State.DONE, State.DONE, State.DONE, State.RUNNING, State.FAILED)


@st.composite
def boards(draw: st.DrawFn) -> tuple[Takes, dict[int, float]]:
    """Takes of a few shots, each from any earlier one of another shot; some circled."""
    takes: Takes = []
    for key in range(draw(st.integers(1, 10))):
        shot = draw(st.sampled_from("abcd"))
        others = [take.key for take in takes if take.shot < shot]
        number = 1 + sum(take.shot == shot for take in takes)
        source = draw(st.sampled_from([None, *others]))
        wanted, state = draw(st.booleans()) or draw(st.booleans()), draw(st.sampled_from(STATES))
        takes.append(Linked(key, f"{shot}_t0{number}", shot, number, wanted, state, source))
    circled = draw(st.lists(st.sampled_from(range(len(takes))), unique=True))
    return takes, {key: float(at) for at, key in enumerate(circled)}


def good(takes: Takes, shot: str, circles: dict[int, float]) -> int | None:
    """The key of the good take of a shot."""
    done = [t for t in takes if t.shot == shot and t.wanted and t.state is State.DONE]
    circled = sorted((circles[t.key], t.key) for t in done if t.key in circles)
    newest = sorted((t.number, t.key) for t in done)
    return (circled or newest or [(0, None)])[-1][1]


def is_stale(take: Linked, takes: Takes, circles: dict[int, float]) -> bool:
    """Whether one take is stale."""
    if take.source is None or not take.wanted or take.state is not State.DONE:
        return False
    source = takes[take.source]
    best = good(takes, source.shot, circles)
    if not source.wanted or best not in (None, source.key):
        return True
    return is_stale(source, takes, circles)


@given(boards())
def test_a_take_is_stale_when_it_would_begin_otherwise_now(
    board: tuple[Takes, dict[int, float]],
) -> None:
    """Its source is wanted no longer, is not the good take any more, or is stale itself; in
    whatever order the ledger lists them."""
    takes, circles = board
    found = stale(reversed(takes), circles)
    assert found.keys() == {t.key for t in takes if is_stale(t, takes, circles)}
    assert stale(takes, circles) == found
    assert all(found.values())


def test_a_chain_as_long_as_a_film() -> None:
    """Of 5,000 shots that go on from one another all are stale with the first, at once."""
    chain = [
        Linked(key, f"s{key}_t01", f"s{key}", 1, key > 0, State.DONE, key - 1 if key else None)
        for key in range(5000)
    ]
    assert len(stale(chain, {})) == 4999


def test_a_source_that_was_made_anew_is_called_so() -> None:
    """Not unwanted: a take of that very name is there and good. Before it is made, it is not."""
    old = Linked(0, "a_t01", "a", 1, False, State.DONE, None)
    follower = Linked(1, "b_t01", "b", 1, True, State.DONE, 0)
    new = Linked(2, "a_t01", "a", 1, True, State.DONE, None)
    assert stale([old, follower, new], {}) == {1: "a_t01, which it continues, was made anew"}
    unmade = new._replace(state=State.RUNNING)
    assert stale([old, follower, unmade], {}) == {
        1: "a_t01, which it continues, is no longer wanted"
    }
