"""Statistics of batch norm, order of the labels, and initial labels."""

import numpy as np
import pytest
import torch

from sksegment.regions import region_graph
from sksegment.training import (
    GraphImage,
    LabelCount,
    history_table,
    initialise_labels,
    join_statistics,
    statistics_of,
    train,
)
from sksegment.training._net import MARGIN

CPU = torch.device("cpu")


def norms_of(net):
    return [m for m in net.module_.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def superpixel_labels(z, image):
    pixels = torch.softmax(z, dim=1)[0].flatten(1).T
    return (image.pooling @ pixels).argmax(dim=1)


def test_settled_net_labels_its_training_image_as_it_did_in_training(
    trained_net, whole_image
):
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


def test_settled_statistics_are_means_over_the_images_and_independent_of_the_past(
    trained_net, whole_image
):
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


def test_joined_statistics_are_those_of_all_images(trained_net, whole_image):
    images = [whole_image(i) for i in range(3)]
    net = trained_net(images)
    net.settle_statistics(images)
    expected = statistics_of(net)
    net.settle_statistics(images[:1])
    before = statistics_of(net)
    net.settle_statistics(images[1:])
    join_statistics(net, before, (1, 2))
    assert len(expected) > 4
    torch.testing.assert_close(statistics_of(net), expected)


@pytest.mark.parametrize("reconstruct", ["patch", "none"])
def test_settling_changes_nothing_but_the_statistics(
    reconstruct, assert_same_state, state_of, tiny_net, whole_image
):
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
def test_permuting_labels_permutes_the_logits(reconstruct, tiny_net, whole_image):
    net = tiny_net(reconstruct=reconstruct)
    image = whole_image()
    before = net.evaluation_step(image.pixels)
    net.permute_labels(np.array([3, 0, 4, 1, 2]))
    after = net.evaluation_step(image.pixels)
    torch.testing.assert_close(after, before[:, [3, 0, 4, 1, 2]])


def test_training_on_after_a_permutation_is_permuting_after_training_on(
    assert_same_state, state_of, tiny_net, training_set, whole_image
):
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


def test_permuting_labels_before_any_training_needs_no_moments(tiny_net):
    net = tiny_net()
    head = net.module_.encoder.head.bias.detach().clone()
    net.permute_labels(np.array([4, 3, 2, 1, 0]))
    assert torch.equal(net.module_.encoder.head.bias, head.flip(0))


def test_initial_labels_are_all_in_use_and_the_same_every_time(
    assert_same_state, state_of, tiny_net, training_set, whole_image
):
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


def test_initial_labels_to_spare_are_not_in_use(loss_of, tiny_net):
    pixels = np.zeros((16, 16, 2), np.float32)
    pixels[:, 8:] = 1
    superpixels = np.tile(np.arange(16) // 8, (16, 1))
    graph = region_graph(pixels, superpixels)
    image = GraphImage.build(
        pixels, superpixels, graph, resolution=1.0, tau=0.0, device=CPU
    )
    net = tiny_net()
    initialise_labels(net, [image], seed=0)
    loss_of(net, [image])
    assert sorted(image.labels.tolist()) == [0, 1]
