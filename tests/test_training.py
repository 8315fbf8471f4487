import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from skorch.history import History

from sksegment.patches import PatchSampler
from sksegment.regions import region_graph
from sksegment.training import (
    FiniteLoss,
    LabelCount,
    StableLabels,
    TrainingBatch,
    TrainingSet,
    WholeImage,
    choose_device,
    choose_dtype,
    history_table,
    initialise_labels,
    make_net,
    to_grid,
    train,
)
from sksegment.training._callbacks import StopTraining
from sksegment.training._net import MARGIN

CPU = torch.device("cpu")
BETAS = {"beta_rec": 1.0, "beta_cut": 0.2, "beta_sim": 0.1, "beta_con": 0.3}


def whole_image(seed=0, shape=(16, 20), side=4, resolution=1.0):
    """A training image of random colours in block-shaped superpixels."""
    rng = np.random.default_rng(seed)
    down, right = (np.arange(n) // side for n in shape)
    superpixels = down[:, np.newaxis] * (right[-1] + 1) + right
    colours = rng.random((superpixels.max() + 1, 2))[superpixels]
    scaled = (colours + rng.normal(0, 0.05, colours.shape)).astype(np.float32)
    graph = region_graph(scaled, superpixels)
    return WholeImage.build(
        scaled, superpixels, graph, resolution=resolution, tau=0.0, device=CPU
    )


def training_set(images, n_batches=2, *, counts=(8,), seed=0, patches=True):
    sampler = PatchSampler([(8, 8)] * len(counts), counts) if patches else None
    rng = np.random.default_rng(seed)
    return TrainingSet(images, sampler, batches_per_epoch=n_batches, rng=rng)


def tiny_net(*, reconstruct="patch", seed=0, lr=1e-3, dtype=torch.float32, **betas):
    return make_net(
        size={
            "n_channels": 2,
            "max_labels": 5,
            "base_channels": 4,
            "depth": 1,
            "decode": reconstruct != "none",
        },
        betas={**BETAS, **betas},
        assignment="mean",
        reconstruct=reconstruct,
        lr=lr,
        seed=seed,
        device=CPU,
        dtype=dtype,
    )


def loss_of(net, images):
    """Total loss of one step on whole images."""
    batch = TrainingBatch(images, [])
    net.history.new_epoch()
    net.history.new_batch()
    return net.get_loss(net.infer(batch), None, X=batch).item()


def state_of(net):
    return {name: value.clone() for name, value in net.module_.state_dict().items()}


def assert_same_state(first, second, tolerance=0.0):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=tolerance)


class Recorder(Callback):
    """Count the events of a training; raise an error at the end of an epoch."""

    def __init__(self, error=None, epoch=2):
        self.error, self.epoch = error, epoch
        self.events = []

    def on_train_begin(self, net, **kwargs):
        self.events.append("begin")

    def on_train_end(self, net, **kwargs):
        self.events.append("end")

    def on_epoch_end(self, net, **kwargs):
        self.events.append("epoch")
        if self.error is not None and self.events.count("epoch") == self.epoch:
            raise self.error


# Device and precision


def test_device_auto_is_the_card_where_there_is_one(monkeypatch):
    for available, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=available: there)
        assert choose_device("auto").type == expected


@pytest.mark.parametrize("device", ["cpu", CPU])
def test_device_may_be_a_name_or_a_device(device):
    assert choose_device(device) == CPU


@pytest.mark.parametrize("device", ["no-such-device", "cuda:99", "gpu", None])
def test_device_that_is_not_there_is_refused(device):
    with pytest.raises(ValueError, match=r"cannot be used here .* use 'auto' or 'cpu'"):
        choose_device(device)


def test_precision_by_name():
    assert choose_dtype("float32", CPU) == torch.float32
    assert choose_dtype("bfloat16", CPU) == torch.bfloat16


@pytest.mark.parametrize(
    ("avx512", "amx", "expected"),
    [
        (False, False, torch.float32),
        (True, False, torch.bfloat16),
        (False, True, torch.bfloat16),
    ],
)
def test_precision_auto_is_bfloat16_where_the_cpu_computes_with_it(
    monkeypatch, avx512, amx, expected
):
    checks = {"_is_avx512_bf16_supported": avx512, "_is_amx_tile_supported": amx}
    for name, there in checks.items():
        monkeypatch.setattr(torch.cpu, name, lambda there=there: there, raising=False)
    assert choose_dtype("auto", CPU) == expected


def test_precision_auto_is_float32_where_torch_cannot_say(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert choose_dtype("auto", CPU) == torch.float32
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


@pytest.mark.parametrize(
    ("native", "expected"), [(True, torch.bfloat16), (False, torch.float32)]
)
def test_precision_auto_on_cuda_asks_for_bfloat16_without_emulation(
    monkeypatch, native, expected
):
    def supported(including_emulation=True):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert choose_dtype("auto", torch.device("cuda")) == expected


# What the net trains on


@pytest.mark.parametrize(
    ("resolution", "grid"),
    [(1.0, (20, 31)), (0.5, (10, 16)), (0.33, (7, 10)), (0.05, (4, 4))],
)
def test_grid_has_the_resolution_asked_for(resolution, grid):
    pixels = to_grid(np.zeros((20, 31, 3), np.float32), resolution)
    assert pixels.shape == (1, 3, *grid)
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_full_resolution_is_the_image_itself():
    image = np.random.default_rng(0).random((9, 11, 2), np.float32)
    np.testing.assert_array_equal(to_grid(image, 1.0)[0].permute(1, 2, 0), image)


def test_lower_resolution_averages_instead_of_skipping_pixels():
    lines = np.tile(np.arange(64) % 4 == 0, (32, 1)).astype(np.float32)
    grid = to_grid(lines[..., np.newaxis], 0.25)
    np.testing.assert_allclose(grid[..., 1:-1], 0.25, atol=0.05)


def test_image_may_be_read_only_and_have_any_memory_layout():
    image = np.random.default_rng(0).random((3, 12, 10), np.float32).transpose(1, 2, 0)
    image.setflags(write=False)
    before = image.copy()
    assert to_grid(image, 0.5).shape == (1, 3, 6, 5)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("resolution", [1.0, 0.5])
def test_whole_image_holds_its_graph_as_operators(resolution):
    image = whole_image(resolution=resolution)
    grid = tuple(round(side * resolution) for side in (16, 20))
    assert image.pixels.shape == (1, 2, *grid)
    assert image.shape == (16, 20)
    assert image.labels is None
    assert image.pooling.shape == (20, grid[0] * grid[1])
    ones = torch.ones(20, 1)
    torch.testing.assert_close(image.adjacency @ ones, ones)
    torch.testing.assert_close(image.pooling @ torch.ones(grid[0] * grid[1], 1), ones)
    assert image.affinity.shape == (20, 20)


@pytest.mark.parametrize(("n_images", "asked"), [(1, 4), (3, 3), (5, 2), (2, 1)])
def test_epoch_has_a_batch_for_every_image_at_least(n_images, asked):
    images = [whole_image(i) for i in range(n_images)]
    dataset = training_set(images, asked)
    assert len(dataset) == max(asked, n_images)
    for _ in range(2):
        batches = list(dataset)
        assert len(batches) == len(dataset)
        assert all(len(batch) == 1 for batch in batches)
        assert {id(batch.images[0]) for batch in batches} == set(map(id, images))


def test_images_come_in_another_order_every_epoch():
    images = [whole_image(i) for i in range(4)]
    dataset = training_set(images, 4)
    orders = {
        tuple(images.index(batch.images[0]) for batch in dataset) for _ in range(8)
    }
    assert len(orders) > 2


def test_patches_are_cut_from_the_images_and_drawn_anew_every_epoch():
    images = [whole_image(i, resolution=0.5) for i in range(2)]
    dataset = training_set(images, 2, counts=(6, 3))
    epochs = [list(dataset) for _ in range(2)]
    values = torch.cat([image.pixels.flatten() for image in images]).unique()
    for batches in epochs:
        assert [[len(p) for p in batch.patches] for batch in batches] == [
            [3, 1],
            [3, 2],
        ]
        for patches in batches[0].patches:
            assert patches.shape[1:] == (2, 4, 4)
            assert torch.isin(patches, values).all()
    assert not torch.equal(epochs[0][0].patches[0], epochs[1][0].patches[0])


def test_without_a_sampler_there_are_no_patches():
    dataset = training_set([whole_image()], 3, patches=False)
    assert [batch.patches for batch in dataset] == [[]] * 3


def test_same_generator_gives_the_same_batches():
    images = [whole_image(i) for i in range(2)]
    first, second = (list(training_set(images, 4, seed=7)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.images[0] is other.images[0]
        assert torch.equal(one.patches[0], other.patches[0])


def test_warning_of_clipped_patches_comes_once_and_only_when_asked_for():
    images = [whole_image()]
    sampler = PatchSampler([(64, 64)], [4])
    rng = np.random.default_rng(0)
    loud = TrainingSet(images, sampler, batches_per_epoch=2, rng=rng, warn=True)
    with pytest.warns(UserWarning, match="larger than the smallest image") as seen:
        list(loud)
    assert len(seen) == 1
    quiet = TrainingSet(images, sampler, batches_per_epoch=2, rng=rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(loud)
        list(quiet)


def test_images_are_seen_alike_often_whatever_the_number_of_batches():
    images = [whole_image(i) for i in range(5)]
    dataset = training_set(images, 8, patches=False)
    seen = [images.index(b.images[0]) for _ in range(40) for b in dataset]
    assert np.ptp(np.bincount(seen)) < 25


# The net and its loss


def test_loss_of_several_images_is_their_mean_in_any_order():
    net = tiny_net(reconstruct="none")
    a, b, c = (whole_image(i) for i in range(3))
    alone = [loss_of(net, [image]) for image in (a, b, c)]
    assert len(set(alone)) == 3
    assert loss_of(net, [a, b]) == pytest.approx(np.mean(alone[:2]), abs=1e-6)
    assert loss_of(net, [a, b, c]) == pytest.approx(np.mean(alone), abs=1e-6)
    assert loss_of(net, [c, a, b]) == pytest.approx(np.mean(alone), abs=1e-6)


def test_loss_of_an_epoch_is_the_mean_of_its_batches_and_the_sum_of_its_terms():
    net = tiny_net()
    train(net, training_set([whole_image()], 3), max_epochs=2, callbacks=[])
    for row, shown in zip(net.history, history_table(net), strict=True):
        losses = [batch["train_loss"] for batch in row["batches"]]
        assert shown["loss"] == pytest.approx(np.mean(losses))
        total = sum(BETAS[f"beta_{t}"] * shown[t] for t in ("rec", "cut", "sim", "con"))
        assert shown["loss"] == pytest.approx(total, abs=1e-6)


def test_loss_is_the_sum_of_its_terms_with_fewer_patches_than_batches():
    net = tiny_net()
    dataset = training_set([whole_image()], 4, counts=(2,))
    train(net, dataset, max_epochs=1, callbacks=[])
    row = history_table(net)[-1]
    total = sum(BETAS[f"beta_{t}"] * row[t] for t in ("rec", "cut", "sim", "con"))
    assert row["loss"] == pytest.approx(total, abs=1e-6)


def test_reconstruction_alone_trains_with_fewer_patches_than_batches():
    net = tiny_net(beta_cut=0.0, beta_sim=0.0, beta_con=0.0)
    dataset = training_set([whole_image()], 4, counts=(2,))
    train(net, dataset, max_epochs=1, callbacks=[])
    assert len(history_table(net)) == 1


def test_reconstruction_loss_is_the_mean_over_the_shapes():
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
def test_history_has_a_row_an_epoch_and_a_column_for_every_term(reconstruct, off):
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


def test_history_table_leaves_the_history_of_the_net_alone():
    net = tiny_net()
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[])
    history_table(net)
    assert "batches" in net.history[0]
    assert "train_loss" in net.history[0]


def test_training_lowers_the_loss():
    net = tiny_net(lr=1e-2)
    train(net, training_set([whole_image()], 4), max_epochs=10, callbacks=[])
    losses = history_table(net)[:, "loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_training_is_the_same_every_time_and_touches_no_global_generator():
    before = torch.get_rng_state()
    states = []
    for _ in range(2):
        net = tiny_net()
        images = [whole_image(i) for i in range(2)]
        train(net, training_set(images), max_epochs=3, callbacks=[])
        states.append(state_of(net))
    assert_same_state(*states)
    assert torch.equal(torch.get_rng_state(), before)


def test_bfloat16_is_for_the_convolutions_only():
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


def test_evaluation_uses_neither_the_decoder_nor_batch_statistics():
    net = tiny_net(reconstruct="none")
    image = whole_image()
    before = state_of(net)
    first, second = (net.evaluation_step(image.pixels) for _ in range(2))
    assert first.shape == (1, 5, 16, 20)
    assert not first.requires_grad
    assert torch.equal(first, second)
    assert_same_state(before, state_of(net))


def test_evaluation_and_reconstruction_see_a_margin_around_the_image():
    net = tiny_net()
    train(net, training_set([whole_image()]), max_epochs=2, callbacks=[])
    image, module = whole_image(1), net.module_
    z, x = net.evaluation_step(image.pixels), net.reconstruction_step(image.pixels)
    assert z.shape == (1, 5, 16, 20)
    assert x.shape == image.pixels.shape
    module.eval()
    with torch.no_grad():
        assert torch.equal(z, module.encode(image.pixels, MARGIN))
        assert torch.equal(x, module.decode(z, MARGIN))
        assert not torch.allclose(z, module.encode(image.pixels))


def test_training_sees_whole_images_with_a_margin_and_patches_without():
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


# Statistics of batch norm


def norms_of(net):
    return [m for m in net.module_.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def trained_net(images, **parameters):
    net = tiny_net(lr=1e-2, **parameters)
    train(net, training_set(images, 4), max_epochs=3, callbacks=[])
    return net


def superpixel_labels(z, image):
    pixels = torch.softmax(z, dim=1)[0].flatten(1).T
    return (image.pooling @ pixels).argmax(dim=1)


def test_settled_net_labels_its_training_image_as_it_did_in_training():
    image = whole_image(shape=(32, 40))
    net = trained_net([image])
    before = net.evaluation_step(image.pixels)
    net.settle_statistics([image])
    settled = net.evaluation_step(image.pixels)
    reconstruction = net.reconstruction_step(image.pixels)
    net.module_.train()
    with torch.no_grad():
        z = net.module_.encode(image.pixels, MARGIN)
        x = net.module_.decode(z, MARGIN)
    # Running variances are without bias, those of a batch are with it.
    torch.testing.assert_close(settled, z, rtol=0, atol=0.02)
    torch.testing.assert_close(reconstruction, x, rtol=0, atol=0.02)
    labels, expected = (superpixel_labels(logits, image) for logits in (settled, z))
    assert torch.equal(labels, expected)
    assert len(labels.unique()) > 1
    assert (before - z).abs().max() > 5 * (settled - z).abs().max()


def test_settled_statistics_are_means_over_the_images_and_independent_of_the_past():
    images = [whole_image(i) for i in range(3)]
    net = trained_net(images)
    found = []
    for chosen in (images, *([image] for image in images), images):
        net.settle_statistics(chosen)
        norm = norms_of(net)[0]
        found.append((norm.running_mean.clone(), norm.running_var.clone()))
    assert all(torch.equal(*pair) for pair in zip(found[0], found[-1], strict=True))
    for together, *alone in zip(*found[:4], strict=True):
        torch.testing.assert_close(together, torch.stack(alone).mean(dim=0))


@pytest.mark.parametrize("reconstruct", ["patch", "none"])
def test_settling_changes_nothing_but_the_statistics(reconstruct):
    image = whole_image()
    net = tiny_net(reconstruct=reconstruct)
    momentum = [norm.momentum for norm in norms_of(net)]
    weights = {n: p.clone() for n, p in net.module_.named_parameters()}
    net.settle_statistics([image])
    assert [norm.momentum for norm in norms_of(net)] == momentum
    assert None not in momentum
    assert_same_state(dict(net.module_.named_parameters()), weights)
    for name, value in state_of(net).items():
        if name.endswith("num_batches_tracked"):
            assert value == 1


@pytest.mark.parametrize("reconstruct", ["patch", "none"])
def test_permuting_labels_permutes_the_logits(reconstruct):
    net = tiny_net(reconstruct=reconstruct)
    image = whole_image()
    before = net.evaluation_step(image.pixels)
    net.permute_labels(np.array([3, 0, 4, 1, 2]))
    after = net.evaluation_step(image.pixels)
    torch.testing.assert_close(after, before[:, [3, 0, 4, 1, 2]])


def test_training_on_after_a_permutation_is_permuting_after_training_on():
    order = np.array([3, 0, 4, 1, 2])
    first, second = tiny_net(), tiny_net()
    images = [whole_image(i) for i in range(2)]
    for net in (first, second):
        train(net, training_set(images, seed=1), max_epochs=2, callbacks=[])
    untouched = state_of(first)
    first.permute_labels(order)
    train(first, training_set(images, seed=2), max_epochs=3, callbacks=[])
    train(second, training_set(images, seed=2), max_epochs=3, callbacks=[])
    second.permute_labels(order)
    assert_same_state(state_of(first), state_of(second), tolerance=1e-6)
    head = state_of(first)["encoder.head.weight"]
    assert (head - untouched["encoder.head.weight"][order]).abs().max() > 1e-3


def test_permuting_labels_before_any_training_needs_no_moments():
    net = tiny_net()
    head = net.module_.encoder.head.bias.detach().clone()
    net.permute_labels(np.array([4, 3, 2, 1, 0]))
    assert torch.equal(net.module_.encoder.head.bias, head.flip(0))


# Initial labels


def test_initial_labels_are_all_in_use_and_the_same_every_time():
    images = [whole_image(i) for i in range(2)]
    nets = [tiny_net(), tiny_net()]
    for net in nets:
        initialise_labels(net, images, seed=0)
    assert_same_state(*map(state_of, nets))
    assert_same_state(
        nets[0].module_.decoder.state_dict(), tiny_net().module_.decoder.state_dict()
    )
    train(nets[0], training_set(images), max_epochs=1, callbacks=[LabelCount(images)])
    assert history_table(nets[0])[0, "n_labels"] == 5


def test_initial_labels_to_spare_are_not_in_use():
    pixels = np.zeros((16, 16, 2), np.float32)
    pixels[:, 8:] = 1
    superpixels = np.tile(np.arange(16) // 8, (16, 1))
    graph = region_graph(pixels, superpixels)
    image = WholeImage.build(
        pixels, superpixels, graph, resolution=1.0, tau=0.0, device=CPU
    )
    net = tiny_net()
    initialise_labels(net, [image], seed=0)
    loss_of(net, [image])
    assert sorted(image.labels.tolist()) == [0, 1]


# Callbacks


def test_labels_are_counted_and_their_changes_measured():
    images = [whole_image(i) for i in range(2)]
    net = tiny_net(lr=1e-2)
    recorded = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            recorded.append(torch.cat([image.labels for image in images]).clone())

    train(
        net, training_set(images), max_epochs=4, callbacks=[LabelCount(images), Spy()]
    )
    table = history_table(net)
    assert table[:, "n_labels"] == [len(labels.unique()) for labels in recorded]
    expected = [
        (now != before).double().mean().item() for before, now in pairwise(recorded)
    ]
    assert "changed" not in table[0]
    assert [row["changed"] for row in table[1:]] == pytest.approx(expected, abs=1e-6)


def epochs_until_stop(changes, **parameters):
    """Number of epochs after which StableLabels stops, or None."""
    net = type("Net", (), {"history": History()})()
    callback = StableLabels(**parameters)
    callback.on_train_begin(net)
    for epoch, changed in enumerate(changes, start=1):
        net.history.new_epoch()
        if changed is not None:
            net.history.record("changed", changed)
        try:
            callback.on_epoch_end(net)
        except StopTraining:
            return epoch
    return None


@pytest.mark.parametrize(
    ("changes", "parameters", "expected"),
    [
        ([None, 0.5, 0.001, 0.001, 0.001], {"tol": 0.01}, 4),
        ([None, 0.5, 0.001, 0.2, 0.001, 0.001], {"tol": 0.01}, 6),
        ([None, 0.001], {"tol": 0.01, "patience": 1}, 2),
        ([None, 0.01, 0.01, 0.01], {"tol": 0.01}, None),
        ([None, 0.0, 0.0, 0.0, 0.0], {"tol": 0.0}, None),
        ([None, 0.0, 0.0, 0.0], {"tol": 0.01, "patience": 3}, 4),
    ],
)
def test_stable_labels_stop_after_some_quiet_epochs_in_a_row(
    changes, parameters, expected
):
    assert epochs_until_stop(changes, **parameters) == expected


def test_training_stops_when_the_labels_are_stable():
    images = [whole_image()]
    net = tiny_net(lr=1e-9)
    recorder = Recorder()
    train(
        net,
        training_set(images),
        max_epochs=20,
        callbacks=[LabelCount(images), recorder, StableLabels(0.1)],
    )
    assert recorder.events == ["begin", "epoch", "epoch", "epoch", "end"]
    assert len(history_table(net)) == 3
    assert history_table(net)[-1]["changed"] < 0.1


def test_callbacks_of_one_training_are_gone_in_the_next():
    net = tiny_net()
    lasting = list(net.callbacks_)
    recorder = Recorder()
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[recorder])
    assert net.callbacks_ == lasting
    train(net, training_set([whole_image()]), max_epochs=2, callbacks=[])
    assert recorder.events == ["begin", "epoch", "end"]
    assert history_table(net)[:, "epoch"] == [1, 2, 3]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_interrupt_and_errors_reach_the_caller_and_training_may_go_on(error):
    net = tiny_net()
    lasting = list(net.callbacks_)
    recorder = Recorder(error())
    with pytest.raises(error):
        train(net, training_set([whole_image()]), max_epochs=5, callbacks=[recorder])
    assert recorder.events == ["begin", "epoch", "epoch", "end"]
    assert net.callbacks_ == lasting
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[])
    assert len(net.history) == 3


def test_stop_is_a_quiet_end():
    net = tiny_net()
    recorder = Recorder(StopTraining())
    same = train(net, training_set([whole_image()]), max_epochs=5, callbacks=[recorder])
    assert same is net
    assert recorder.events == ["begin", "epoch", "epoch", "end"]


def poison(net, value=float("nan")):
    with torch.no_grad():
        net.module_.encoder.head.bias[0] = value


class PoisonAfter(Callback):
    """Make a weight NaN at the beginning of an epoch, after its first batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch and len(net.history[-1, "batches"]) == 1:
            poison(net)


@pytest.mark.parametrize(("epoch", "expected"), [(1, 0), (2, 0), (3, 1), (5, 3)])
def test_loss_that_is_not_finite_restores_the_start_of_the_last_finite_epoch(
    epoch, expected
):
    net = tiny_net()
    images = [whole_image()]
    starts = []

    class Keep(Callback):
        def on_epoch_begin(self, net, **kwargs):
            starts.append(state_of(net))

    message = rf"became nan in epoch {epoch} .*Try a small"
    with pytest.raises(FloatingPointError, match=message):
        train(
            net,
            training_set(images, 3),
            max_epochs=9,
            callbacks=[FiniteLoss(), Keep(), PoisonAfter(epoch)],
        )
    assert len(starts) == epoch
    assert_same_state(state_of(net), starts[expected])
    assert not net.optimizer_.state
    assert torch.isfinite(net.evaluation_step(images[0].pixels)).all()


def test_message_names_the_terms_that_are_not_finite():
    image = whole_image()
    image.adjacency._rows[2][0] = float("inf")
    net = tiny_net()
    with pytest.raises(FloatingPointError, match=r"in epoch 1 \(con\);"):
        train(net, training_set([image]), max_epochs=2, callbacks=[FiniteLoss()])


def test_finite_loss_lets_a_finite_training_be():
    images = [whole_image()]
    plain, watched = tiny_net(), tiny_net()
    train(plain, training_set(images), max_epochs=2, callbacks=[])
    train(watched, training_set(images), max_epochs=2, callbacks=[FiniteLoss()])
    assert_same_state(state_of(plain), state_of(watched))


@pytest.mark.parametrize("n_batches", [1, 2])
def test_weights_kept_give_a_finite_loss_when_the_last_step_of_an_epoch_broke_them(
    n_batches,
):
    class Break(Callback):
        def on_epoch_end(self, net, **kwargs):
            poison(net)

    net = tiny_net()
    images = [whole_image()]
    with pytest.raises(FloatingPointError):
        train(
            net,
            training_set(images, n_batches),
            max_epochs=3,
            callbacks=[FiniteLoss(), Break()],
        )
    assert torch.isfinite(net.evaluation_step(images[0].pixels)).all()


def test_training_may_go_on_after_a_loss_that_was_not_finite():
    net = tiny_net()
    images = [whole_image()]
    callbacks = [FiniteLoss(), PoisonAfter(2)]
    with pytest.raises(FloatingPointError):
        train(net, training_set(images), max_epochs=3, callbacks=callbacks)
    train(net, training_set(images), max_epochs=2, callbacks=[FiniteLoss()])
    assert np.isfinite(history_table(net)[-1]["loss"])
