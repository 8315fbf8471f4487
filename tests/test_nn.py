import numpy as np
import pytest
import torch
from scipy import sparse

from sksegment.nn import SparseOperator, UNet, WNet, build_wnet

SIZE = {"n_channels": 3, "max_labels": 5, "base_channels": 4, "depth": 2}


def random_images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def sparse_matrix(shape, density=0.2, seed=0):
    rng = np.random.default_rng(seed)
    there = rng.random(shape) < density
    return sparse.csr_array(there * rng.uniform(-0.5, 0.5, shape))


def dense_of(matrix):
    return torch.from_numpy(matrix.toarray()).float()


MATRICES = {
    "square": sparse_matrix((30, 30)),
    "wide": sparse_matrix((7, 40)),
    "tall": sparse_matrix((40, 7)),
    "empty rows and columns": sparse_matrix((30, 20), density=0.03),
    "nothing": sparse.csr_array((4, 6)),
    "one": sparse.csr_array(np.array([[2.0]])),
    "duplicates": sparse.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 3)),
}


@pytest.mark.parametrize("matrix", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("k", [1, 6])
def test_sparse_product_and_its_gradient_equal_the_dense_ones(matrix, k):
    operator, dense = SparseOperator(matrix), dense_of(matrix)
    x = random_images(matrix.shape[1], k)
    weights = random_images(matrix.shape[0], k, seed=1)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    product, expected = operator @ ours, dense @ theirs
    torch.testing.assert_close(product, expected, rtol=0, atol=1e-6)
    for result in (product, expected):
        (weights * result.square()).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-6)
    assert operator.shape == matrix.shape


@pytest.mark.parametrize("matrix", [sparse_matrix((5, 7)), sparse_matrix((7, 4))])
def test_gradient_of_the_sparse_product(matrix):
    operator = SparseOperator(matrix)
    x = random_images(matrix.shape[1], 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: operator @ x, x)


def test_empty_rows_give_zero_and_empty_columns_no_gradient():
    operator = SparseOperator(sparse.csr_array(np.array([[0, 0], [0, 3.0]])))
    x = torch.ones(2, 4, requires_grad=True)
    product = operator @ x
    product.sum().backward()
    torch.testing.assert_close(product, torch.tensor([[0.0] * 4, [3.0] * 4]))
    torch.testing.assert_close(x.grad, torch.tensor([[0.0] * 4, [3.0] * 4]))


def test_sparse_product_takes_tensors_of_any_memory_layout():
    operator, dense = SparseOperator(MATRICES["wide"]), dense_of(MATRICES["wide"])
    x = random_images(5, 40).T.requires_grad_()
    torch.testing.assert_close(operator @ x, dense @ x, rtol=0, atol=1e-6)
    # An expanded gradient has strides of zero.
    (operator @ x).sum().backward()
    torch.testing.assert_close(x.grad, dense.sum(dim=0)[:, None].expand(40, 5))


def test_chained_sparse_products_have_the_gradient_of_dense_ones():
    first, second = MATRICES["wide"], sparse_matrix((7, 7), seed=3)
    x = random_images(40, 4)
    gradients = []
    for a, b in (
        (SparseOperator(first), SparseOperator(second)),
        (dense_of(first), dense_of(second)),
    ):
        leaf = x.clone().requires_grad_()
        (b @ torch.softmax(a @ leaf, dim=1)).square().sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-6)


def test_sparse_product_is_the_same_to_the_last_bit_every_time():
    operator = SparseOperator(sparse_matrix((200, 300)))
    results = []
    for _ in range(5):
        x = random_images(300, 8).requires_grad_()
        product = operator @ x
        product.square().sum().backward()
        results.append((product.detach(), x.grad))
    for product, gradient in results[1:]:
        assert torch.equal(product, results[0][0])
        assert torch.equal(gradient, results[0][1])


def test_sparse_operator_keeps_no_tie_to_its_matrix():
    matrix = sparse_matrix((6, 6), density=0.5)
    expected, before = dense_of(matrix), matrix.toarray()
    operator = SparseOperator(matrix)
    np.testing.assert_array_equal(matrix.toarray(), before)
    matrix.data[:] = 0
    torch.testing.assert_close(operator @ torch.eye(6), expected)


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize(
    "shape", [(8, 8), (9, 8), (11, 13), (16, 31), (37, 32), (8, 101)]
)
def test_unet_keeps_height_and_width_at_any_depth(depth, shape):
    net = UNet(2, 3, base_channels=2, depth=depth).eval()
    x = random_images(2, 2, *shape)
    assert net(x).shape == (2, 3, *shape)


@pytest.mark.parametrize("shape", [(4, 4), (5, 40), (1, 3)])
def test_unet_takes_images_smaller_than_their_padding(shape):
    net = UNet(2, 3, base_channels=2, depth=4).eval()
    assert net(random_images(1, 2, *shape)).shape == (1, 3, *shape)


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("n_channels", [1, 2, 3, 7])
def test_wnet_reconstructs_any_number_of_channels(depth, n_channels):
    net = build_wnet(
        0, n_channels=n_channels, max_labels=4, base_channels=2, depth=depth
    )
    z, reconstruction = net(random_images(2, n_channels, 11, 14))
    assert z.shape == (2, 4, 11, 14)
    assert reconstruction.shape == (2, n_channels, 11, 14)


@pytest.mark.parametrize("depth", range(4))
def test_every_weight_gets_a_gradient(depth):
    net = build_wnet(0, **{**SIZE, "depth": depth})
    net(random_images(2, 3, 16, 19))[1].square().sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_padding_is_by_reflection_on_both_sides(depth):
    net = build_wnet(0, **{**SIZE, "depth": depth}).eval().encoder
    unit = 2**depth
    x = random_images(1, 3, 4 * unit - 1, 5 * unit - unit // 2)
    down, right = 1, unit // 2
    sides = (right // 2, right - right // 2, down // 2, down - down // 2)
    padded = torch.nn.functional.pad(x, sides, mode="reflect")
    with torch.no_grad():
        whole, cropped = net(padded), net(x)
    height, width = x.shape[-2:]
    window = whole[..., sides[2] : sides[2] + height, sides[0] : sides[0] + width]
    torch.testing.assert_close(cropped, window)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_far_from_the_border_the_net_moves_with_the_image(depth):
    net = build_wnet(0, **{**SIZE, "depth": depth}).eval().encoder
    unit = 2**depth
    x = random_images(1, 3, 80, 80)
    with torch.no_grad():
        y, moved = net(x), net(x.roll((unit, 2 * unit), dims=(2, 3)))
    inner = slice(30, 50)
    expected = y.roll((unit, 2 * unit), dims=(2, 3))[..., inner, inner]
    torch.testing.assert_close(moved[..., inner, inner], expected, rtol=0, atol=1e-5)


def test_unet_mirrors_xia_and_kulis():
    net = UNet(3, 7, base_channels=4, depth=3)
    convolutions = [
        layer for layer in net.modules() if isinstance(layer, torch.nn.Conv2d)
    ]
    depthwise = [layer for layer in convolutions if layer.groups > 1]
    # Two blocks down and two up are separable, two convolutions each, and the bottom.
    assert len(depthwise) == 2 * (3 + 2)
    for block in (net.down[0], net.merge[-1]):
        assert all(layer.groups == 1 for layer in block if hasattr(layer, "groups"))
    widths = [block[-2].num_features for block in (*net.down, *net.merge)]
    assert widths == [4, 8, 16, 32, 16, 8, 4]
    assert net.head.kernel_size == (1, 1)


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def expected_unet_parameters(n_in, n_out, base, depth):
    """Counted by hand, level by level."""

    def block(a, b, *, separable):
        norms = 4 * b
        if separable:
            return 9 * a + a * b + 9 * b + b * b + norms
        return 9 * a * b + 9 * b * b + norms

    width = [base * 2**level for level in range(depth + 1)]
    total = block(n_in, base, separable=False) + base * n_out + n_out
    for level in range(depth):
        a, b = width[level], width[level + 1]
        total += block(a, b, separable=True)
        total += 9 * a * b + a
        total += block(2 * a, a, separable=level > 0)
    return total


@pytest.mark.parametrize("depth", range(5))
def test_number_of_parameters_is_that_counted_by_hand(depth):
    net = UNet(3, 7, base_channels=4, depth=depth)
    assert n_parameters(net) == expected_unet_parameters(3, 7, 4, depth)


def test_number_of_parameters_at_the_size_of_the_paper():
    with torch.device("meta"):
        net = WNet(3, 32, 64, 4)
    assert n_parameters(net.encoder) == expected_unet_parameters(3, 32, 64, 4)
    assert n_parameters(net) == 19219107


def weights_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def same_weights(first, second):
    first, second = weights_of(first), weights_of(second)
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = build_wnet(3, **SIZE)
    torch.manual_seed(2)
    assert same_weights(first, build_wnet(3, **SIZE))
    assert not same_weights(first, build_wnet(4, **SIZE))


def test_building_does_not_touch_the_random_numbers_of_torch():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    build_wnet(0, **SIZE)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_are_spread_like_those_of_torch():
    size = {**SIZE, "base_channels": 16}
    ours = build_wnet(0, **size)
    torch.manual_seed(0)
    theirs = WNet(**size)
    for (name, a), (_, b) in zip(
        ours.named_parameters(), theirs.named_parameters(), strict=True
    ):
        assert a.device.type == "cpu"
        assert torch.isfinite(a).all(), name
        if a.numel() > 500:
            assert a.std().item() == pytest.approx(b.std().item(), rel=0.1), name
            assert a.abs().max().item() == pytest.approx(b.abs().max().item(), rel=0.1)
    for name, buffer in ours.named_buffers():
        torch.testing.assert_close(buffer, theirs.get_buffer(name))


def test_net_without_decoder_has_only_the_encoder():
    whole, encoder = build_wnet(0, **SIZE), build_wnet(0, **SIZE, decode=False)
    assert encoder.decoder is None
    assert same_weights(encoder.encoder, whole.encoder)
    assert not [name for name in encoder.state_dict() if name.startswith("decoder")]
    assert len(encoder.label_axes()) == 2
    x = random_images(1, 3, 12, 12)
    torch.testing.assert_close(encoder.eval().encode(x), whole.eval().encode(x))


def test_reconstruction_goes_through_the_softmax():
    net = build_wnet(0, **SIZE).eval()
    z = random_images(1, 5, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(net.decode(z), net.decode(z + 7.0))
        expected = net.decoder(torch.softmax(z, dim=1))
        torch.testing.assert_close(net.decode(z), expected)


@pytest.mark.parametrize("depth", [0, 2])
def test_permuting_label_axes_permutes_logits_and_keeps_the_reconstruction(depth):
    net = build_wnet(0, **{**SIZE, "depth": depth}).eval()
    x = random_images(2, 3, 13, 16)
    order = torch.tensor([3, 0, 4, 1, 2])
    with torch.no_grad():
        z, reconstruction = net(x)
        for parameter, axis in net.label_axes():
            assert parameter.shape[axis] == 5
            parameter.copy_(parameter.index_select(axis, order))
        permuted_z, permuted_reconstruction = net(x)
    torch.testing.assert_close(permuted_z, z[:, order], rtol=0, atol=1e-6)
    torch.testing.assert_close(
        permuted_reconstruction, reconstruction, rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("depth", [3, 4])
def test_smallest_image_can_be_trained_on(depth):
    net = build_wnet(0, **{**SIZE, "depth": depth})
    assert net.encode(random_images(1, 3, 8, 8)).shape == (1, 5, 8, 8)


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("margin", [4, 8])
def test_margin_is_reflection_around_the_image(depth, margin):
    net = UNet(3, 5, base_channels=4, depth=depth).eval()
    x = random_images(2, 3, 12, 16)
    padded = torch.nn.functional.pad(x, [margin] * 4, mode="reflect")
    inside = slice(margin, -margin)
    with torch.no_grad():
        expected = net(padded)[..., inside, inside]
        torch.testing.assert_close(net(x, margin), expected, rtol=0, atol=1e-6)
        assert not torch.allclose(net(x), expected, atol=1e-3)


@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("shape", [(4, 4), (5, 40), (8, 9), (17, 23)])
def test_margin_keeps_height_and_width_even_where_it_is_wider_than_the_image(
    depth, shape
):
    net = build_wnet(0, **SIZE | {"depth": depth})
    z, x = net(random_images(1, 3, *shape), 8)
    assert z.shape == (1, 5, *shape)
    assert x.shape == (1, 3, *shape)
    assert torch.isfinite(z).all()


def test_margin_makes_the_border_of_a_plain_image_like_its_middle():
    net = build_wnet(0, **SIZE).eval()
    plain = torch.full((1, 3, 32, 32), 0.5)
    with torch.no_grad():
        bare, z = net.encode(plain), net.encode(plain, 8)
    corner = [(y - y[..., 16:17, 16:17])[..., 0, 0].abs().max() for y in (bare, z)]
    assert corner[1] < 0.1 * corner[0]
