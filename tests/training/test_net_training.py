"""The net and its loss."""

import pickle

import numpy as np
import pytest
import torch

from sksegment.training import (
    LabelCount,
    TrainingBatch,
    history_table,
    train,
)
from sksegment.training._net import MARGIN

BETAS = {"beta_rec": 1.0, "beta_cut": 0.2, "beta_sim": 0.1, "beta_con": 0.3}


def test_loss_of_several_images_is_their_mean_in_any_order(
    loss_of, tiny_net, whole_image
):
    net = tiny_net(reconstruct="none")
    a, b, c = (whole_image(i) for i in range(3))
    alone = [loss_of(net, [image]) for image in (a, b, c)]
    assert len(set(alone)) == 3
    assert loss_of(net, [a, b]) == pytest.approx(np.mean(alone[:2]), abs=1e-6)
    assert loss_of(net, [a, b, c]) == pytest.approx(np.mean(alone), abs=1e-6)
    assert loss_of(net, [c, a, b]) == pytest.approx(np.mean(alone), abs=1e-6)


def test_loss_of_an_epoch_is_the_mean_of_its_batches_and_the_sum_of_its_terms(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    train(net, training_set([whole_image()], 3), max_epochs=2, callbacks=[])
    for row, shown in zip(net.history, history_table(net), strict=True):
        losses = [batch["train_loss"] for batch in row["batches"]]
        assert shown["loss"] == pytest.approx(np.mean(losses))
        total = sum(BETAS[f"beta_{t}"] * shown[t] for t in ("rec", "cut", "sim", "con"))
        assert shown["loss"] == pytest.approx(total, abs=1e-6)


def test_loss_is_the_sum_of_its_terms_with_fewer_patches_than_batches(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    dataset = training_set([whole_image()], 4, counts=(2,))
    train(net, dataset, max_epochs=1, callbacks=[])
    row = history_table(net)[-1]
    total = sum(BETAS[f"beta_{t}"] * row[t] for t in ("rec", "cut", "sim", "con"))
    assert row["loss"] == pytest.approx(total, abs=1e-6)


def test_reconstruction_alone_trains_with_fewer_patches_than_batches(
    tiny_net, training_set, whole_image
):
    net = tiny_net(beta_cut=0.0, beta_sim=0.0, beta_con=0.0)
    dataset = training_set([whole_image()], 4, counts=(2,))
    train(net, dataset, max_epochs=1, callbacks=[])
    assert len(history_table(net)) == 1


def test_reconstruction_loss_is_the_mean_over_the_shapes(tiny_net, whole_image):
    net = tiny_net(beta_cut=0.0, beta_sim=0.0, beta_con=0.0)
    image = whole_image()
    shapes = [torch.rand(3, 2, 8, 8), torch.rand(9, 2, 6, 4)]
    losses = []
    for patches in (shapes[:1], shapes[1:], shapes):
        net.history.new_epoch()
        net.history.new_batch()
        batch = TrainingBatch([image], patches)
        losses.append(net.get_loss(net.infer(batch), None, X=batch).item())
    assert losses[2] == pytest.approx(np.mean(losses[:2]), abs=1e-6)


@pytest.mark.parametrize("reconstruct", ["patch", "image", "none"])
@pytest.mark.parametrize("off", ["", "cut", "sim", "con"])
def test_history_has_a_row_an_epoch_and_a_column_for_every_term(
    reconstruct, off, tiny_net, training_set, whole_image
):
    net = tiny_net(reconstruct=reconstruct, **({f"beta_{off}": 0.0} if off else {}))
    images = [whole_image()]
    dataset = training_set(images, 2, patches=reconstruct == "patch")
    train(net, dataset, max_epochs=3, callbacks=[LabelCount(images)])
    table = history_table(net)
    terms = {"rec", "cut", "sim", "con"} - {off}
    if reconstruct == "none":
        terms.remove("rec")
    fixed = {"epoch", "loss", "n_labels", "seconds"}
    assert set(table[0]) == fixed | terms
    assert [set(row) - set(table[0]) for row in table[1:]] == [{"changed"}] * 2
    assert table[:, "epoch"] == [1, 2, 3]
    assert np.isfinite(table[:, "loss"]).all()
    assert all(1 <= count <= 5 for count in table[:, "n_labels"])
    assert all(0 <= share <= 1 for share in table[:, "changed"])
    assert all(seconds > 0 for seconds in table[:, "seconds"])


def test_history_table_leaves_the_history_of_the_net_alone(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[])
    history_table(net)
    assert "batches" in net.history[0]
    assert "train_loss" in net.history[0]


def test_training_lowers_the_loss(tiny_net, training_set, whole_image):
    net = tiny_net(lr=1e-2)
    train(net, training_set([whole_image()], 4), max_epochs=10, callbacks=[])
    losses = history_table(net)[:, "loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_training_is_the_same_every_time_and_touches_no_global_generator(
    assert_same_state, state_of, tiny_net, training_set, whole_image
):
    before = torch.get_rng_state()
    states = []
    for _ in range(2):
        net = tiny_net()
        images = [whole_image(i) for i in range(2)]
        train(net, training_set(images), max_epochs=3, callbacks=[])
        states.append(state_of(net))
    assert_same_state(*states)
    assert torch.equal(torch.get_rng_state(), before)


def test_bfloat16_is_for_the_convolutions_only(
    state_of, tiny_net, training_set, whole_image
):
    net = tiny_net(dtype=torch.bfloat16)
    image = whole_image()
    train(net, training_set([image]), max_epochs=1, callbacks=[])
    assert np.isfinite(history_table(net)[0, "loss"])
    assert {p.dtype for p in net.module_.parameters()} == {torch.float32}
    full = tiny_net()
    full.module_.load_state_dict(state_of(net))
    ours, theirs = (n.evaluation_step(image.pixels) for n in (net, full))
    assert ours.dtype == torch.float32
    assert not torch.equal(ours, theirs)
    torch.testing.assert_close(ours, theirs, rtol=0.1, atol=0.1)


def test_evaluation_uses_neither_the_decoder_nor_batch_statistics(
    assert_same_state, state_of, tiny_net, whole_image
):
    net = tiny_net(reconstruct="none")
    image = whole_image()
    before = state_of(net)
    first, second = (net.evaluation_step(image.pixels) for _ in range(2))
    assert first.shape == (1, 5, 16, 20)
    assert not first.requires_grad
    assert torch.equal(first, second)
    assert_same_state(before, state_of(net))


def test_evaluation_and_reconstruction_see_a_margin_around_the_image(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    train(net, training_set([whole_image()]), max_epochs=2, callbacks=[])
    image, module = whole_image(1), net.module_
    z, x = net.evaluation_step(image.pixels), net.reconstruction_step(image.pixels)
    assert z.shape == (1, 5, 16, 20)
    assert x.shape == image.pixels.shape
    module.eval()
    with torch.no_grad():
        torch.testing.assert_close(z, module.encode(image.pixels, MARGIN))
        torch.testing.assert_close(x, module.decode(z, MARGIN))
        assert not torch.allclose(z, module.encode(image.pixels))


def change_in_place(encoder):
    encoder.down[1][0].weight.mul_(2.0)


def change_a_statistic(encoder):
    encoder.down[0][1].running_mean.add_(1.0)


def replace_data(encoder):
    encoder.head.bias.data = encoder.head.bias.data + 1.0


@pytest.mark.parametrize("change", [change_in_place, change_a_statistic, replace_data])
def test_prediction_follows_every_change_of_the_weights(change, tiny_net, whole_image):
    net, image = tiny_net(), whole_image()
    before = net.evaluation_step(image.pixels)
    with torch.no_grad():
        change(net.module_.encoder)
        expected = net.module_.eval().encode(image.pixels, MARGIN)
    assert not torch.allclose(before, expected)
    torch.testing.assert_close(net.evaluation_step(image.pixels), expected)


def test_encoder_for_prediction_is_made_once_and_not_pickled(tiny_net, whole_image):
    net, image = tiny_net(), whole_image()
    expected = net.evaluation_step(image.pixels)
    kept = net._kept_encoder
    net.evaluation_step(image.pixels)
    assert net._kept_encoder is kept
    again = pickle.loads(pickle.dumps(net))
    assert again._kept_encoder is None
    assert torch.equal(again.evaluation_step(image.pixels), expected)


def test_training_sees_whole_images_with_a_margin_and_patches_without(
    tiny_net, whole_image
):
    net = tiny_net(reconstruct="image")
    image = whole_image()
    patches = torch.rand(3, 2, 8, 8)
    net.module_.eval()
    with torch.no_grad():
        (z,), ((original, reconstruction),) = net.infer(TrainingBatch([image], []))
        assert torch.equal(z, net.module_.encode(image.pixels, MARGIN))
        assert original is image.pixels
        assert torch.equal(reconstruction, net.module_.decode(z, MARGIN))
        net.reconstruct = "patch"
        _, ((original, reconstruction),) = net.infer(TrainingBatch([image], [patches]))
        assert original is patches
        assert torch.equal(reconstruction, net.module_(patches)[1])
