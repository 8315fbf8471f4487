import threading

import pytest

from sksegment._look_ahead import look_ahead


def test_results_come_in_order():
    assert list(look_ahead(pow, [(2, 3), (3, 2), (5, 1)])) == [8, 9, 5]
    assert list(look_ahead(pow, [(2, 3)])) == [8]
    assert list(look_ahead(pow, [])) == []


def test_next_call_runs_while_this_result_is_used():
    begun = [threading.Event() for _ in range(3)]
    for index in look_ahead(lambda i: begun[i].set() or i, [(0,), (1,), (2,)]):
        if index < 2:
            assert begun[index + 1].wait(timeout=5)


def test_only_one_item_is_ahead():
    called = []
    results = look_ahead(lambda i: called.append(i) or i, [(i,) for i in range(5)])
    next(results)
    results.close()
    assert called == [0, 1]


def test_error_is_raised_at_its_turn():
    results = look_ahead(lambda i: 1 // (2 - i), [(0,), (1,), (2,), (3,)])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
