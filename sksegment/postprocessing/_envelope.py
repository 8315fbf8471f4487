"""Least sums of heights and squared distances along an axis, for any heights."""

import numpy as np

__all__ = ["lower_envelope"]


def lower_envelope(heights, step):
    """Smallest of ``heights[p] + (step * (p - q)) ** 2`` over all p, for every q.

    Over each p stands a parabola; the lowest are kept from left to right with the
    place where each begins [1]_. All columns are done at once.

    Parameters
    ----------
    heights : ndarray of shape (n, m)
        At least 0; infinite where there is no parabola.
    step : float

    Returns
    -------
    least : ndarray of shape (n, m)

    References
    ----------
    .. [1] P. F. Felzenszwalb and D. P. Huttenlocher, "Distance transforms of sampled
       functions", Theory of Computing, 2012.
    """
    places, starts, n_kept = _lowest_parabolas(heights, step)
    columns, turn = np.arange(heights.shape[1]), np.zeros(heights.shape[1], np.intp)
    least = np.full(heights.shape, np.inf)
    for q, row in enumerate(least):
        late = np.flatnonzero(turn + 1 < n_kept)
        while (late := late[starts[turn[late] + 1, late] <= q]).size:
            turn[late] += 1
            late = late[turn[late] + 1 < n_kept[late]]
        p = places[turn, columns]
        np.add(heights[p, columns], (step * (p - q)) ** 2, out=row)
    return least


def _lowest_parabolas(heights, step):
    """Places of the lowest parabolas, where each begins, and how many they are."""
    places, starts = np.zeros(heights.shape, np.int32), np.empty(heights.shape)
    n_kept = np.zeros(heights.shape[1], np.intp)
    begin = np.empty(heights.shape[1])
    for q, row in enumerate(heights):
        there = np.flatnonzero(np.isfinite(row))
        begin[there] = -np.inf
        over = there[n_kept[there] > 0]
        while over.size:
            last = n_kept[over] - 1
            p = places[last, over]
            rise = row[over] - heights[p, over]
            begin[over] = rise / (2 * step**2 * (q - p)) + (q + p) / 2
            # A parabola is nowhere the lowest if the next begins before it.
            over = over[begin[over] <= starts[last, over]]
            n_kept[over] -= 1
        places[n_kept[there], there] = q
        starts[n_kept[there], there] = begin[there]
        n_kept[there] += 1
    return places, starts, n_kept
