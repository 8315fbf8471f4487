"""Whatever the label maps are: scores of scikit-learn, and nothing lost in cleaning."""

import warnings

import numpy as np
import pytest
from drawn_images import cases, label_maps
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.ndimage import binary_dilation
from skimage.measure import label as label_components
from sklearn import metrics as reference

from sksegment.metrics import contingency, segmentation_scores, v_measure
from sksegment.postprocessing import postprocess
from sksegment.regions import region_graph

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

SCORES = {
    "rand_score": reference.rand_score,
    "adjusted_mutual_info": reference.adjusted_mutual_info_score,
    "fowlkes_mallows": reference.fowlkes_mallows_score,
    "homogeneity": reference.homogeneity_score,
    "completeness": reference.completeness_score,
    "v_measure": reference.v_measure_score,
}


@cases(14)
@given(maps=label_maps(n_maps=2))
def test_scores_are_those_of_scikit_learn(maps):
    truth, predicted = maps
    scored = (truth >= 0) & (predicted >= 0)
    assume(scored.any())
    scores = segmentation_scores(truth, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, score in SCORES.items():
            expected = score(truth[scored], predicted[scored])
            assert scores[name] == pytest.approx(expected, rel=0, abs=1e-9), name
    assert v_measure(truth, predicted) == scores["v_measure"]
    table = reference.cluster.contingency_matrix(truth[scored], predicted[scored])
    assert_array_equal(contingency(truth, predicted).toarray(), table)
    assert 0 < scores["covering"] <= 1
    assert scores["variation_of_information"] >= 0


@cases(8)
@given(maps=label_maps(n_maps=2), offset=st.integers(0, 2**40))
def test_scores_do_not_depend_on_the_names_of_the_labels(maps, offset):
    truth, predicted = maps
    assume(((truth >= 0) & (predicted >= 0)).any())
    scores = segmentation_scores(truth, predicted)
    renamed = np.where(predicted >= 0, offset + predicted.max() - predicted, -1)
    for name, value in segmentation_scores(truth, renamed).items():
        assert value == pytest.approx(scores[name], rel=0, abs=1e-12), name


@cases(8)
@given(
    maps=label_maps(max_labels=6),
    min_size=st.integers(0, 30),
    fill_holes=st.integers(0, 30),
    connectivity=st.sampled_from([1, 2]),
    dtype=st.sampled_from(["i1", "i4", "i8"]),
)
def test_cleaning_keeps_form_void_and_classes(
    maps, min_size, fill_holes, connectivity, dtype
):
    labels = maps[0].astype(dtype)
    before = labels.copy()
    options = {"min_size": min_size, "connectivity": connectivity}
    cleaned = postprocess(labels, fill_holes=fill_holes, **options)
    assert_array_equal(labels, before)
    assert cleaned.dtype == labels.dtype
    assert_array_equal(cleaned < 0, labels < 0)
    assert set(np.unique(cleaned)) <= set(np.unique(labels))
    # An island is left only where it has no border with anything but void.
    pieces = label_components(cleaned, background=-1, connectivity=connectivity)
    sizes = np.bincount(pieces.ravel())
    for piece in np.flatnonzero(sizes[1:] < min_size) + 1:
        border = binary_dilation(pieces == piece) & (pieces != piece)
        assert (cleaned[border] < 0).all()
    assert_array_equal(postprocess(cleaned, **options), cleaned)


@cases(8)
@given(maps=label_maps(max_labels=9), n_channels=st.integers(1, 8), seed=st.integers())
def test_region_graph_is_what_loops_find(maps, n_channels, seed):
    _, superpixels = np.unique(maps[0], return_inverse=True)
    superpixels = superpixels.reshape(maps[0].shape) - (maps[0].min() < 0)
    assume(superpixels.max() >= 0)
    rng = np.random.default_rng(abs(seed))
    image = rng.normal(size=(*superpixels.shape, n_channels))
    graph = region_graph(image, superpixels)
    borders = {}
    for first, second in (
        (superpixels[:, :-1], superpixels[:, 1:]),
        (superpixels[:-1], superpixels[1:]),
    ):
        for pair in zip(first.ravel().tolist(), second.ravel().tolist(), strict=True):
            if min(pair) >= 0 and pair[0] != pair[1]:
                key = min(pair), max(pair)
                borders[key] = borders.get(key, 0) + 1
    assert [*map(tuple, graph.edges.T.tolist())] == sorted(borders)
    assert graph.borders.tolist() == [borders[key] for key in sorted(borders)]
    for region in range(graph.n_regions):
        inside = superpixels == region
        assert graph.sizes[region] == inside.sum()
        np.testing.assert_allclose(graph.means[region], image[inside].mean(axis=0))
    rows = graph.adjacency(1.0).sum(axis=1)
    connected = np.isin(np.arange(graph.n_regions), graph.edges)
    np.testing.assert_allclose(rows, connected, atol=1e-12)
