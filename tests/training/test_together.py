"""Several nets trained in one program end as they would alone, up to rounding."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from sksegment import SuperpixelTransformer
from sksegment.baselines import FelzenszwalbSegmenter
from sksegment.model_selection import fit_together
from sksegment.training._together import _Stack
from sksegment.training._watch import watch_training

# Rounding differs between one convolution and a batch of them, and Adam makes much of
# little at first: hence few steps, and a small learning rate.
QUIET = {"max_epochs": 2, "batches_per_epoch": 2, "lr": 1e-4}


@pytest.fixture(params=["sparse", "dense"])
def make(request, make_segmenter, make_dense):
    return {"sparse": make_segmenter, "dense": make_dense}[request.param]


def state_of(model):
    return model.net_.module_.state_dict()


@pytest.mark.parametrize("reconstruction", ["patch", "image", "none"])
def test_each_is_what_it_would_be_alone(make, grey_images, reconstruction):
    settings = [
        {"random_state": seed, "beta_con": beta, "beta_cut": cut}
        for seed, beta, cut in [(0, 0.1, 0.0), (1, 0.1, 1.0), (0, 3.0, 0.5)]
    ]
    models = [
        make(**QUIET, reconstruction=reconstruction, **setting) for setting in settings
    ]
    together = fit_together(models, grey_images)
    assert [model.beta_con for model in together] == [0.1, 0.1, 3.0]
    for model, fitted in zip(models, together, strict=True):
        alone = model.fit(grey_images)
        assert len(fitted.history_) == len(alone.history_) == 2
        for row, expected in zip(fitted.history_, alone.history_, strict=True):
            assert row.keys() == expected.keys()
            for name in {"loss", "rec", "cut", "sim", "con"} & row.keys():
                assert row[name] == pytest.approx(expected[name], rel=1e-3, abs=1e-5)
        for name, value in state_of(alone).items():
            found = state_of(fitted)[name].float()
            assert torch.allclose(found, value.float(), rtol=1e-2, atol=1e-3), name


def test_joint_training_leaves_no_encoder_of_before(make_segmenter, grey_images):
    [model] = fit_together([make_segmenter()], grey_images)
    net = model.net_
    net.evaluation_step(torch.zeros(1, 1, 16, 16))
    assert net._kept_encoder is not None
    _Stack([net]).dissolve()
    assert net._kept_encoder is None


def test_fitted_models_share_no_memory(make_segmenter, grey_images):
    one, other = fit_together(
        [make_segmenter(random_state=seed) for seed in (0, 1)], grey_images
    )
    before = {name: value.clone() for name, value in state_of(other).items()}
    one.partial_fit(grey_images)
    for name, value in state_of(other).items():
        assert torch.equal(value, before[name])


def test_training_goes_on_with_the_moments_of_the_optimiser(
    make_segmenter, grey_images
):
    models = [make_segmenter(**QUIET, random_state=seed) for seed in (0, 1)]
    together = fit_together(models, grey_images)[1]
    alone = models[1].fit(grey_images)
    for model in (together, alone):
        model.partial_fit(grey_images)
    losses = [model.history_[:, "loss"] for model in (together, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    steps = {int(s["step"]) for s in together.net_.optimizer_.state.values()}
    assert steps == {12}


def test_fitted_models_answer_and_are_saved(make_segmenter, grey_images, tmp_path):
    fitted = fit_together([make_segmenter()], grey_images)[0]
    assert_array_equal(fitted.predict(grey_images)[0], fitted.labels_[0])
    fitted.save(tmp_path / "model.safetensors")


def test_estimators_given_stay_unfitted(make_segmenter, grey_images):
    model = make_segmenter()
    fit_together([model], grey_images)
    assert not hasattr(model, "net_")


def test_start_from_chance_is_possible(make_segmenter, grey_images):
    models = [make_segmenter(init="random", random_state=seed) for seed in (0, 1)]
    one, other = fit_together(models, grey_images)
    assert one.loss_ != other.loss_


def test_loss_that_is_not_finite_is_told(make_segmenter, grey_images):
    models = [make_segmenter(lr=1e30, max_epochs=5), make_segmenter(lr=1e30)]
    models[1].set_params(max_epochs=5)
    with pytest.raises(FloatingPointError, match="the loss became"):
        fit_together(models, grey_images)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_channels": 8}, "estimator 1 differs from the first in base_channels"),
        ({"superpixels__n_segments": 41}, "superpixels__n_segments"),
        ({"n_init": 2}, "n_init"),
        ({"beta_sim": -1.0}, "beta_sim"),
    ],
)
def test_what_cannot_be_stacked_is_refused(
    make_segmenter, grey_images, changes, message
):
    models = [make_segmenter(), make_segmenter(**changes)]
    with pytest.raises(ValueError, match=message):
        fit_together(models, grey_images)


def test_restarts_and_early_stops_are_refused(make_segmenter, make_dense, grey_images):
    for model in (make_segmenter(n_init=2), make_dense(min_labels=3)):
        with pytest.raises(ValueError, match="neither restarts nor an early stop"):
            fit_together([model], grey_images)


def test_images_of_several_shapes_are_refused(make_segmenter, images):
    with pytest.raises(ValueError, match=r"\(32, 40\), \(40, 36\)"):
        fit_together([make_segmenter()], images)


def test_dense_and_sparse_do_not_mix(make_segmenter, make_dense, grey_images):
    with pytest.raises(ValueError, match="estimator 1 differs"):
        fit_together([make_segmenter(), make_dense()], grey_images)


@pytest.mark.parametrize(
    "other", [make_pipeline, type, lambda _: FelzenszwalbSegmenter()]
)
def test_what_is_no_w_net_is_refused(other, make_segmenter, grey_images):
    model = make_segmenter()
    with pytest.raises(ValueError, match=r"estimator 1 is a .* takes W-Net segmenters"):
        fit_together([model, other(model)], grey_images)


def test_nothing_to_fit_is_refused(grey_images):
    with pytest.raises(ValueError, match="no estimators"):
        fit_together([], grey_images)


def test_one_image_is_enough(make_segmenter, grey_images):
    fitted = fit_together([make_segmenter()], grey_images[:1])[0]
    assert np.shape(fitted.labels_) == (1, 32, 40)


def with_mask(make_segmenter, rows):
    mask = np.zeros((40, 48), bool)
    mask[rows] = True
    return make_segmenter(superpixels=SuperpixelTransformer(n_segments=40, mask=mask))


def test_models_of_other_masks_are_refused(make_segmenter, make_image):
    # Of arrays as large as these, text shows the corners alone.
    image = make_image((40, 48))
    one, same, other = (
        with_mask(make_segmenter, rows)
        for rows in (slice(5, 35), slice(5, 35), slice(5, 30))
    )
    assert len(fit_together([one, same], [image])) == 2
    with pytest.raises(ValueError, match=r"1 differs from the first in .*mask"):
        fit_together([one, other], [image])


def test_models_of_one_function_are_alike(make_segmenter, make_image):
    class Divide:
        def __call__(self, image):
            rows, columns = np.indices(image.shape[:2]) // 8
            return 10 * rows + columns

    superpixels = SuperpixelTransformer(Divide())
    models = [make_segmenter(superpixels=superpixels, random_state=s) for s in (0, 1)]
    assert len(fit_together(models, [make_image((40, 48))])) == 2


def test_models_have_superpixels_of_their_own(make_segmenter, grey_images):
    one, other = fit_together([make_segmenter(), make_segmenter()], grey_images)
    assert one.superpixels_ is not other.superpixels_


def test_trainings_of_several_are_watched_as_one(make_segmenter, grey_images):
    epochs = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(len(net.history))

    with watch_training(Count()):
        fit_together([make_segmenter(max_epochs=3)] * 2, grey_images)
    assert epochs == [1, 2, 3]
