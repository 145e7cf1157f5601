"""How rendered heads are measured."""

from __future__ import annotations

import numpy as np

from regression.training.rendered_expert import explained_variance


def test_explained_variance_of_the_truth_the_mean_and_its_opposite() -> None:
    true = np.random.default_rng(0).normal(size=(500, 3))
    from_mean, variance = true.mean(axis=0) - true, true.var(axis=0)
    np.testing.assert_allclose(explained_variance(0 * true, variance), 1)
    np.testing.assert_allclose(explained_variance(from_mean, variance), 0, atol=1e-6)
    assert (explained_variance(2 * from_mean, variance) < -2.9).all()
