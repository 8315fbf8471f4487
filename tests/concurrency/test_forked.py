"""Processes forked from one that has computed in several threads."""

import multiprocessing
import threading

import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment.training import limit_threads

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs fork"
)


def threads_of_much_work():
    with limit_threads(10**9):
        return torch.get_num_threads()


@pytest.fixture
def two_threads():
    """Let torch have two threads, and start them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.ones(1_000_000).add(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("method", ["predict", "fit_predict"])
def test_forked_process_labels_as_its_parent(
    method, make_segmenter, make_image, two_threads
):
    images = [make_image((64, 70))]
    model = make_segmenter().fit(images)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        answer = pool.apply_async(getattr(model, method), (images,))
        (labels,) = answer.get(timeout=30)
    assert_array_equal(labels, model.labels_[0])


def test_limits_of_other_threads_do_not_reach_a_forked_process(two_threads):
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with limit_threads(0):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    entered.wait()
    try:
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply(torch.set_num_threads, (3,))
            assert pool.apply(threads_of_much_work) == 3
    finally:
        leave.set()
        thread.join()
