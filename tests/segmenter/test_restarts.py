"""Several trainings from different seeds, of which one is kept."""

import numpy as np

from sksegment._agreement import agreement_scores
from sksegment.metrics import v_measure


def halves(n, where):
    return [np.repeat([[0] * where + [1] * (n - where)], n, axis=0)]


def test_the_one_is_kept_that_agrees_with_the_others():
    maps = [halves(20, 10), halves(20, 2), halves(20, 11), halves(20, 10)]
    scores = agreement_scores(maps, halves(20, 10))
    assert scores.argmax() == 0
    assert scores.argmin() == 1
    expected = [v_measure(maps[1][0][None], m[0]) for m in (maps[0], maps[2], maps[3])]
    # The regions count as one more.
    assert np.isclose(scores[1], np.mean([*expected, expected[0]]))


def test_regions_decide_between_two():
    maps = [halves(20, 3), halves(20, 11)]
    assert agreement_scores(maps, halves(20, 10)).argmax() == 1


def test_a_single_label_agrees_with_nothing():
    flat = [np.zeros((20, 20), int)]
    assert agreement_scores([flat, halves(20, 9)], halves(20, 10))[0] == 0.0


def test_restarts_are_those_of_single_fits(images, make_segmenter, monkeypatch):
    """What is kept is one of the trainings, chosen by agreement and nothing else."""
    from sksegment.segmenters import _training

    chosen = []

    def last(label_maps, regions):
        chosen.append(len(label_maps))
        return np.arange(len(label_maps))

    monkeypatch.setattr(_training, "agreement_scores", last)
    model = make_segmenter(n_init=3).fit(images)
    seed = model._draw_seeds(3)[2]
    alone = make_segmenter()
    alone._draw_seeds = lambda n: [seed] * n
    alone.fit(images)
    assert chosen == [3]
    for kept, expected in zip(model.labels_, alone.labels_, strict=True):
        assert np.array_equal(kept, expected)
