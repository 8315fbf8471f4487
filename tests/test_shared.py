"""A state of the process that several threads need."""

import threading

import pytest

from sksegment._shared import SharedState


@pytest.fixture
def value():
    return {"now": "outside"}


@pytest.fixture
def state(value):
    def begin(new):
        before, value["now"] = value["now"], new
        return before

    def end(before):
        value["now"] = before

    return SharedState(begin, end)


def test_the_last_thread_restores_what_the_first_one_found(state, value):
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with state.hold("inside"):
            inside.set()
            assert leave.wait(timeout=10)

    with state.hold("inside"):
        thread = threading.Thread(target=hold)
        thread.start()
        assert inside.wait(timeout=10)
    assert value["now"] == "inside", "one thread is still there"
    leave.set()
    thread.join()
    assert value["now"] == "outside"


def test_an_error_restores_it_too(state, value):
    with pytest.raises(KeyError), state.hold("inside"):
        raise KeyError
    assert value["now"] == "outside"
