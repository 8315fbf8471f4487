"""Threads of torch are limited for each Python thread by its own work alone."""

import threading

import pytest
import torch

from sksegment.training import limit_threads
from sksegment.training._device import _VALUES_PER_THREAD as VALUES


@pytest.fixture(autouse=True)
def four():
    """Let torch have four threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def threads_within(n_values):
    with limit_threads(n_values):
        return torch.get_num_threads()


@pytest.mark.parametrize(
    ("n_values", "expected"), [(0, 1), (VALUES - 1, 1), (2 * VALUES, 3), (9e9, 4)]
)
def test_number_follows_the_work(n_values, expected):
    assert threads_within(int(n_values)) == expected
    assert torch.get_num_threads() == 4


def test_limits_within_limits():
    with limit_threads(2 * VALUES):
        assert threads_within(0) == 1
        assert threads_within(9 * VALUES) == 3
        assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == 4


def test_thread_that_begins_meanwhile_has_its_own_number():
    with limit_threads(0):
        assert in_thread(lambda: threads_within(2 * VALUES)) == 3
        assert torch.get_num_threads() == 1
    assert in_thread(lambda: threads_within(2 * VALUES)) == 3


def test_all_is_as_before_whoever_ends_last():
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with limit_threads(0):
            entered.set()
            leave.wait()
        return torch.get_num_threads()

    results = []
    thread = threading.Thread(target=lambda: results.append(stay()))
    with limit_threads(0):
        thread.start()
        entered.wait()
    assert torch.get_num_threads() == 4
    leave.set()
    thread.join()
    assert results == [4]
    assert in_thread(torch.get_num_threads) == 4
    assert threads_within(9 * VALUES) == 4


def test_number_that_the_program_sets_later_counts():
    assert threads_within(9 * VALUES) == 4
    torch.set_num_threads(2)
    assert threads_within(9 * VALUES) == 2
