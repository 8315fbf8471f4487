"""Training as a sequence of events, and labelling slice by slice."""

import copy
import threading

import numpy as np
import pytest

from sksegment import SuperpixelTransformer
from sksegment.napari._labelling import (
    Regions,
    cut_regions,
    grow_regions,
    label_slices,
    most_regions,
    n_classes,
    n_learnt,
    suggest_cut,
    unmerged,
    usual_regions,
)
from sksegment.napari._learning import Settings, make_model, train
from sksegment.napari._picture import Picture


@pytest.fixture(scope="module")
def volume(make_image):
    return np.stack([make_image((32, 40), seed=seed) for seed in range(5)])


@pytest.fixture
def picture(volume):
    return Picture.of("rock", volume, axis_labels="zyx")


@pytest.fixture(scope="module")
def model(make_segmenter, volume):
    return make_segmenter(max_epochs=3, batches_per_epoch=8).fit([volume[2]])


def run(generator):
    """Events of a generator, and what it returns."""
    events = []
    while True:
        try:
            events.append(next(generator))
        except StopIteration as end:
            return events, end.value


def test_a_training_tells_its_epochs_and_returns_the_model(
    make_segmenter, picture, volume
):
    estimator = make_segmenter(max_epochs=3)
    cuts = [(1, None, None), (4, None, None)]
    epochs, model = run(train(estimator, picture, cuts, threading.Event()))
    assert [(epoch.number, epoch.n_epochs) for epoch in epochs] == [
        (1, 3),
        (2, 3),
        (3, 3),
    ]
    assert [epoch.loss for epoch in epochs] == model.history_[:, "loss"]
    assert not hasattr(estimator, "labels_")
    alone = make_segmenter(max_epochs=3).fit([volume[1], volume[4]])
    assert all(map(np.array_equal, model.labels_, alone.labels_))


def test_slices_of_two_orientations_train_together(make_segmenter, picture, volume):
    picture = Picture.of("rock", np.concatenate([volume] * 2))
    cuts = [(1, None, None), (None, 8, None)]
    _, model = run(train(make_segmenter(), picture, cuts, threading.Event()))
    assert [labels.shape for labels in model.labels_] == [(32, 40), (10, 40)]


def test_a_training_that_is_stopped_ends_within_the_epoch(make_segmenter, picture):
    stop = threading.Event()
    estimator = make_segmenter(max_epochs=1000)
    training = train(estimator, picture, [(0, None, None)], stop)
    next(training)
    stop.set()
    rest, model = run(training)
    assert model is None
    assert len(rest) < 100


def test_a_training_that_is_forgotten_ends(make_segmenter, picture):
    before = threading.active_count()
    estimator = make_segmenter(max_epochs=1000)
    training = train(estimator, picture, [(0, None, None)], threading.Event())
    next(training)
    training.close()
    assert threading.active_count() == before


def test_a_slice_that_cannot_train_is_named(make_segmenter):
    volume = np.ones((3, 32, 40), np.float32)
    volume[1, 4, 4] = np.nan
    picture = Picture.of("rock", volume, axis_labels="zyx")
    training = train(make_segmenter(), picture, [(1, None, None)], threading.Event())
    with pytest.raises(ValueError, match=r"^slice z=1 of rock contains NaN"):
        run(training)


def test_settings_become_parameters():
    model = make_model(Settings(max_labels=12, max_epochs=5, smoothness=0.5, thin=True))
    params = model.get_params()
    assert params["max_labels"] == 12
    assert params["max_epochs"] == 5
    assert params["beta_con"] == 0.5
    assert params["superpixels__method"] == "watershed"
    assert params["superpixels__n_segments"] == "auto"
    assert params["resolution"] == 1.0
    assert params["random_state"] == 0


def test_settings_have_the_defaults_of_the_estimator():
    ours, theirs = make_model(Settings()), type(make_model(Settings()))()
    superpixels = ours.superpixels.get_params()
    assert superpixels == SuperpixelTransformer(mask="finite").get_params()
    ours.set_params(random_state=None, superpixels=theirs.superpixels)
    assert ours.get_params() == theirs.get_params()


@pytest.mark.parametrize("thin", [False, True])
def test_pixels_that_are_not_finite_are_void(volume, thin):
    volume = volume.astype(np.float32)
    volume[:, :9] = np.nan
    volume[:3] = np.nan
    picture = Picture.of("rock", volume)
    _, cut = run(suggest_cut(picture, (0, None, None)))
    assert cut in {(3, None, None), (4, None, None)}
    estimator = make_model(Settings(max_epochs=1, thin=thin))
    estimator.set_params(batches_per_epoch=1, base_channels=4)
    _, model = run(train(estimator, picture, [cut], threading.Event()))
    [found] = label_slices(model, picture, cut, only=True)
    assert ((found.labels == -1) == np.isnan(volume[3])).all()


def test_all_slices_have_the_labels_of_predict(model, picture, volume):
    found = [*label_slices(model, picture, (3, None, None))]
    assert [one.cut[0] for one in found] == [3, 4, 0, 1, 2]
    expected = model.predict(volume)
    for one in found:
        assert one.error is None
        assert (one.labels == expected[one.cut[0]]).all()


def test_only_one_slice(model, picture, volume):
    [one] = label_slices(model, picture, (3, None, None), only=True)
    assert (one.labels == model.predict([volume[3]])[0]).all()


def test_slices_are_labelled_along_the_axis_that_is_not_shown(model, volume):
    picture = Picture.of("rock", np.concatenate([volume] * 2))
    found = [*label_slices(model, picture, (None, None, 39))]
    assert [one.cut for one in found[:2]] == [(None, None, 39), (None, None, 0)]
    expected = model.predict([picture.array[:, :, 7]])[0]
    assert (next(one for one in found if one.cut[2] == 7).labels == expected).all()


def test_a_slice_that_cannot_be_labelled_is_named_and_the_others_go_on(model, volume):
    volume = volume.astype(np.float32)
    volume[1] = np.nan
    picture = Picture.of("rock", volume, axis_labels="zyx")
    found = [*label_slices(model, picture, (0, None, None))]
    assert [one.labels is None for one in found] == [False, True, False, False, False]
    assert found[1].error.startswith("slice z=1 of rock: it contains NaN")


def test_a_model_of_other_channels_is_refused(model, volume):
    picture = Picture.of("photo", np.stack([volume[0]] * 3, axis=-1), rgb=True)
    with pytest.raises(ValueError, match=r"^photo has 3 channel\(s\), but the model"):
        next(label_slices(model, picture, (None, None)))


def test_unmerged_gives_what_was_learnt_and_leaves_the_model_alone(model, volume):
    model = copy.deepcopy(model)
    learnt = model.predict([volume[0]])[0]
    assert n_learnt(model) == n_classes(model) == len(np.unique(model.labels_[0])) > 2
    model.merge_labels(2)
    assert n_classes(model) == 2
    assert (unmerged(model).predict([volume[0]])[0] == learnt).all()
    joined = model.predict([volume[0]])[0]
    assert set(np.unique(joined)) == {0, 1}
    assert (model.label_groups_[learnt] == joined).all()


def test_regions_are_cut_from_the_hierarchy_of_each_slice(model, picture, volume):
    found = [*label_slices(Regions(model, 4), picture, (2, None, None))]
    assert [one.cut[0] for one in found] == [2, 3, 4, 0, 1]
    for one in found:
        [hierarchy] = model.hierarchy([volume[one.cut[0]]])
        assert (one.labels == hierarchy.cut(n_regions=4)).all()


def test_there_are_never_more_regions_than_superpixels(model, picture, volume):
    [one] = label_slices(Regions(model, 4000), picture, (2, None, None), only=True)
    assert one.labels.max() + 1 == most_regions(model.hierarchy([volume[2]])[0])


def test_a_hierarchy_grows_from_the_slice_and_names_it(model, picture, volume):
    _, hierarchy = run(grow_regions(model, picture, (1, None, None)))
    expected = model.hierarchy([volume[1]])[0]
    assert (cut_regions(hierarchy, 7) == expected.cut(n_regions=7)).all()
    assert usual_regions(hierarchy) == expected.cut("auto").max() + 1
    bad = Picture.of("rock", np.full((3, 32, 40), np.nan), axis_labels="zyx")
    with pytest.raises(ValueError, match=r"^slice z=1 of rock contains NaN"):
        run(grow_regions(model, bad, (1, None, None)))


def test_pieces_without_a_common_border_stay_apart(make_segmenter, volume):
    mask = np.zeros((32, 40), bool)
    mask[:, :15] = mask[:, 25:] = True
    model = make_segmenter(superpixels__mask=mask).fit([volume[0]])
    [hierarchy] = model.hierarchy([volume[0]])
    assert hierarchy.n_pieces == 2
    assert set(np.unique(cut_regions(hierarchy, 1))) == {-1, 0, 1}
