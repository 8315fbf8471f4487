"""Hints of a user: a few pixels whose class is known."""

import re
import warnings

import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter
from sksegment.io import load_model
from sksegment.losses import scribble_loss
from sksegment.model_selection import InSampleSplit, v_measure_scorer
from sksegment.preprocessing import Rescale, UnsharpMask

SIZES = {
    "max_labels": 4,
    "base_channels": 4,
    "max_epochs": 3,
    "batches_per_epoch": 4,
    "random_state": 0,
}
LONG = {"base_channels": 8, "lr": 0.005, "max_epochs": 8, "batches_per_epoch": 8}
BOTH = pytest.mark.parametrize("class_", [SparseWNetSegmenter, DenseWNetSegmenter])


@pytest.fixture(scope="module")
def image():
    """Four grey quarters, of which neighbours differ little; noise."""
    values = np.kron([[60, 90], [120, 150]], np.ones((24, 24)))
    return (values + np.random.default_rng(0).normal(0, 6, values.shape)).astype(
        np.uint8
    )


@pytest.fixture(scope="module")
def truth():
    """Two classes that no grey value separates: the diagonals."""
    return np.kron([[0, 1], [1, 0]], np.ones((24, 24), int))


@pytest.fixture(scope="module")
def strokes(truth):
    map_ = np.full(truth.shape, -1)
    for row in (12, 36):
        map_[row : row + 2, 4:20] = truth[row, 12]
        map_[row : row + 2, 28:44] = truth[row, 36]
    return map_


def agreement(labels, truth):
    return (labels == truth).mean()


@BOTH
@pytest.mark.parametrize("classes", [[[0, 1], [1, 0]], [[1, 0], [1, 0]]])
def test_strokes_decide_what_the_classes_are(image, strokes, class_, classes):
    truth = np.kron(classes, np.ones((24, 24), int))
    hints = np.where(strokes >= 0, truth, -1)
    model = class_(**{**SIZES, **LONG, "max_labels": 2})
    model.fit([image], scribbles=[hints])
    assert model.history_[-1]["scribble"] < model.history_[0]["scribble"]
    known = hints >= 0
    assert agreement(model.labels_[0][known], truth[known]) > 0.95
    assert agreement(model.labels_[0], truth) > 0.8


def test_without_strokes_there_is_no_such_term(image):
    assert "scribble" not in SparseWNetSegmenter(**SIZES).fit([image]).history_[0]


def test_strokes_keep_their_classes_where_there_is_texture():
    # Local contrast divides this image, but not into the disc and its ground.
    y, x = np.mgrid[:96, :128]
    disc = np.hypot(y - 48, x - 64) < 32
    rough = np.random.default_rng(0).normal(size=disc.shape) * np.where(
        x < 64, 0.3, 0.02
    )
    image, strokes = rough + 0.3 * disc, np.full(disc.shape, -1)
    strokes[44:52, 40:88] = 0
    strokes[4:10, 10:118] = 1
    model = SparseWNetSegmenter(2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit([image], scribbles=[strokes])
    assert [*model.texture_scales_] == ["contrast"]
    marked = strokes >= 0
    assert agreement(model.labels_[0][marked], strokes[marked]) > 0.98
    assert_array_equal(model.predict([image])[0], model.labels_[0])


def test_models_of_before_weigh_soft_labels_as_they_did(image, strokes, tmp_path):
    model = SparseWNetSegmenter(**SIZES).fit([image], scribbles=[strokes])
    model.save(tmp_path / "new.safetensors")
    assert load_model(tmp_path / "new.safetensors").believes_hints_
    weight = model._labeller().looks.prior_weight
    # Their looks were learnt with the smaller weight.
    model.believes_hints_ = False
    model.save(tmp_path / "old.safetensors")
    loaded = load_model(tmp_path / "old.safetensors")
    assert loaded._n_hinted_classes == 2
    assert loaded._labeller().looks.prior_weight < weight
    assert_array_equal(loaded.predict([image])[0], model.predict([image])[0])


@pytest.mark.parametrize(
    ("assignment", "cure"), [("pixel", "mean"), ("region", "pixel"), ("mean", None)]
)
def test_the_cure_is_one_that_there_is(image, strokes, assignment, cure):
    stuck = {**SIZES, "lr": 1e-9, "max_epochs": 1, "max_labels": 2}
    model = SparseWNetSegmenter(assignment=assignment, **stuck)
    swapped = np.where(strokes < 0, -1, 1 - strokes)
    with pytest.warns(UserWarning, match="marked as class 'one'") as caught:
        model.fit([image], scribbles=[swapped], class_names=["one", "other"])
    texts = [str(w.message) for w in caught if "marked as" in str(w.message)]
    cures = [re.findall(r"assignment='(\w+)'", text) for text in texts]
    assert cures == [[cure] if cure else []] * len(texts)
    with pytest.warns(UserWarning, match="marked as class 'o") as caught:
        model.partial_fit([image], scribbles=[swapped])


@BOTH
@pytest.mark.parametrize("names", [None, ["one", "other"]])
def test_class_whose_strokes_get_another_label_is_named(image, strokes, class_, names):
    stuck = {**SIZES, "lr": 1e-9, "max_epochs": 1, "max_labels": 2}
    model = class_(**stuck)
    with pytest.warns(UserWarning, match="marked as class") as caught:
        model.fit([image], scribbles=[strokes], class_names=names)
    found = [str(w.message) for w in caught if "marked as class" in str(w.message)]
    labels = model.labels_[0]
    shares = [np.mean(labels[strokes == k] == k) for k in (0, 1)]
    assert min(shares) < 0.5
    assert len(found) == sum(share < 0.5 for share in shares)
    for index, share in enumerate(shares):
        name = index if names is None else repr(names[index])
        named = [text for text in found if f"class {name} {share:.0%} got" in text]
        assert len(named) == (share < 0.5)


def test_share_of_strokes_is_that_on_the_grid_of_the_images(image, strokes):
    stuck = {**SIZES, "lr": 1e-9, "max_epochs": 1, "max_labels": 2}
    model = SparseWNetSegmenter(**stuck)
    small = Rescale(0.5).fit_transform([image])
    with pytest.warns(UserWarning, match="marked as class"):
        model.fit(small, scribbles=[strokes])


def test_labels_have_the_numbers_of_the_classes(image, strokes):
    """From bright to dark, against the order that labels have without hints."""
    quarters = np.kron([[3, 2], [1, 0]], np.ones((24, 24), int))
    hints = np.where(strokes >= 0, quarters, -1)
    model = SparseWNetSegmenter(**{**SIZES, **LONG})
    model.fit([image], scribbles=[hints])
    assert agreement(model.labels_[0], quarters) > 0.9
    again = model.predict([image])[0]
    assert np.array_equal(again, model.labels_[0])


def test_what_is_not_hinted_at_gets_labels_beyond(image, strokes):
    hints = np.where(strokes == 1, 0, -1)
    hints[24:] = -1
    model = SparseWNetSegmenter(**SIZES).fit([image], scribbles=[hints])
    inside = model.labels_[0][4:20, 28:44]
    assert np.bincount(inside.ravel()).argmax() == 0
    assert (model.labels_[0] > 0).mean() > 0.4


def test_images_without_scribbles(image, strokes, truth):
    model = SparseWNetSegmenter(**{**SIZES, **LONG, "max_labels": 2})
    model.fit([image, image], scribbles=[None, strokes])
    known = strokes >= 0
    for labels in model.labels_:
        assert agreement(labels[known], truth[known]) > 0.9


def test_scribbles_outside_the_mask_do_not_count(image, strokes):
    mask = np.zeros(image.shape, bool)
    mask[:24] = True
    model = SparseWNetSegmenter(**SIZES, superpixels=None)
    model.set_params(superpixels__mask=mask)
    with pytest.warns(UserWarning, match="all scribbles of class 0, 1 lie outside"):
        model.fit([image], scribbles=[np.where(mask, -1, strokes)])
    assert "scribble" not in model.history_[0]
    with pytest.warns(UserWarning, match="all scribbles of class 1 lie outside"):
        model.fit([image], scribbles=[np.where(mask & (strokes == 1), -1, strokes)])
    assert "scribble" in model.history_[0]


def test_thin_strokes_survive_rescaling(image, strokes):
    thin = np.full(image.shape, -1)
    thin[12, 3:20], thin[12, 28:45] = 0, 1
    small = Rescale(0.5).fit_transform([image])
    model = SparseWNetSegmenter(**SIZES).fit(small, scribbles=[thin])
    assert "scribble" in model.history_[0]


def test_names_are_kept_in_the_file(image, strokes, tmp_path):
    model = SparseWNetSegmenter(**SIZES)
    model.fit([image], scribbles=[strokes], class_names=["pore", "rock"])
    assert model.class_names_ == ["pore", "rock"]
    model.save(tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").class_names_ == ["pore", "rock"]


def test_names_follow_the_classes_that_are_joined(image, strokes, tmp_path):
    model = SparseWNetSegmenter(**{**SIZES, **LONG, "max_labels": 4})
    model.fit([image], scribbles=[strokes], class_names=["pore", "rock"])
    named = {"pore": strokes == 0, "rock": strokes == 1}
    for n_labels in range(1, 1 + np.count_nonzero(model.label_fractions_)):
        names = model.merge_labels(n_labels).class_names_
        assert len(names) == n_labels
        for name, where in named.items():
            [found] = np.unique(model.labels_[0][where])
            assert name in names[found].split(" + ")
        others = {name for name in names if not {"pore", "rock"} & {*name.split(" + ")}}
        assert others == {str(i) for i, name in enumerate(names) if name in others}
    for n_labels in (2, "auto"):
        model.merge_labels(n_labels)
        assert not any(" + " in name for name in model.class_names_)
    model.merge_labels(1).save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.class_names_ == ["pore + rock"]
    assert again.merge_labels(2).class_names_ == model.merge_labels(2).class_names_


def test_training_goes_on_with_other_hints(image, strokes, truth):
    model = SparseWNetSegmenter(**{**SIZES, **LONG, "max_labels": 2}).fit([image])
    model.partial_fit([image], scribbles=[strokes])
    known = strokes >= 0
    assert agreement(model.labels_[0][known], truth[known]) > 0.9


def test_numbers_after_joining_are_those_that_one_sees(image, strokes):
    hinted = SparseWNetSegmenter(**SIZES).fit([image], scribbles=[strokes])
    # Classes of scribbles are joined last, and keep their numbers.
    n_classes = strokes.max() + 1
    hinted.merge_labels(int(n_classes))
    assert hinted.label_groups_[:n_classes].tolist() == [*range(n_classes)]
    hinted.partial_fit([image], scribbles=[strokes])
    model = SparseWNetSegmenter(**SIZES).fit([image])
    model.label_groups_ = np.array([0, 0, 1, 1])
    with pytest.raises(ValueError, match="labels were joined by merge_labels"):
        model.partial_fit([image], scribbles=[strokes])
    model.partial_fit([image])


def test_metadata_routing(image, strokes):
    with sklearn.config_context(enable_metadata_routing=True):
        model = SparseWNetSegmenter(**SIZES).set_fit_request(scribbles=True)
        pipeline = make_pipeline(UnsharpMask(), model).fit([image], scribbles=[strokes])
        assert "scribble" in pipeline[-1].history_[0]
        search = GridSearchCV(
            model,
            {"beta_con": [0.1, 0.2]},
            scoring=v_measure_scorer,
            cv=InSampleSplit(),
        )
        search.fit([image], [np.maximum(strokes, 0)], scribbles=[strokes])
        assert "scribble" in search.best_estimator_.history_[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: [m, m], "2 scribble maps for 1 images"),
        (lambda m: [m[:10]], r"scribble map 0 has shape .* expected \(H, W\)$"),
        (lambda m: [m + 0.5], "scribble map 0 has labels that are no whole numbers"),
        (lambda m: [np.stack([m, m])], "expected .H, W."),
        (lambda m: [np.full_like(m, -1)], "no class at all"),
        (lambda m: [m + 9], "max_labels=4"),
        (lambda m: [m.astype(str)], r"scribble map 0 .*\.io\.read_scribbles"),
        (lambda m: [m == 1], "scribble map 0 is of booleans"),
    ],
)
def test_bad_scribbles_are_named(image, strokes, change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SparseWNetSegmenter(**SIZES).fit([image], scribbles=change(strokes))


def test_clusters_of_soft_labels_cannot_be_named(image, strokes):
    model = SparseWNetSegmenter(**SIZES, assignment="kmeans")
    with pytest.raises(ValueError, match="assignment="):
        model.fit([image], scribbles=[strokes])


def test_names_without_classes(image, strokes):
    with pytest.raises(ValueError, match="3 class_names for 2 classes"):
        SparseWNetSegmenter(**SIZES).fit(
            [image], scribbles=[strokes], class_names=list("abc")
        )
    with pytest.raises(ValueError, match="without scribbles"):
        SparseWNetSegmenter(**SIZES).fit([image], class_names=["a"])


def test_loss_is_the_mean_over_what_is_known():
    f = torch.tensor([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]], requires_grad=True)
    loss = scribble_loss(f, torch.tensor([1, -1, 0]))
    assert loss.item() == pytest.approx(-(np.log(0.8) + np.log(0.9)) / 2, rel=1e-6)
    loss.backward()
    assert f.grad[1].tolist() == [0.0, 0.0]


def test_loss_is_finite_where_a_label_has_no_share():
    assert torch.isfinite(scribble_loss(torch.eye(2), torch.tensor([1, 0])))
