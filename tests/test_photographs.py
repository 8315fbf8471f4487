"""The default estimator on real photographs: time and V-measure."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from skimage.data import coffee
from skimage.io import imread

from sksegment import SparseWNetSegmenter

DATA = Path(os.environ.get("SKSEGMENT_DATA", "data-is-not-there"), "bsds300", "train")


@pytest.mark.slow
def test_a_photograph_takes_seconds_and_has_a_handful_of_classes():
    photo = coffee()[:321, :481]
    start = time.perf_counter()
    labels = SparseWNetSegmenter(random_state=0).fit_predict([photo])[0]
    assert time.perf_counter() - start < 60
    assert labels.shape == photo.shape[:2]
    assert 4 <= len(np.unique(labels)) <= 24


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="SKSEGMENT_DATA has no bsds300")
@pytest.mark.parametrize("name", ["113044", "145053", "309004"])
def test_v_measure_of_the_default_is_far_above_chance(name):
    photo = imread(DATA / "images" / f"{name}.jpg")
    truth = np.load(DATA / "labels" / f"{name}.npz")["segmentations"].astype(int)
    model = SparseWNetSegmenter(random_state=0).fit([photo])
    assert model.score([photo], [truth]) > 0.3
