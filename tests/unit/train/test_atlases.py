"""Heads of both anatomies are mixed, the same one for the same seed."""

import numpy as np

from triage_node.train.phantom.atlases import SHARES, Anatomies, Atlases


def test_both_anatomies_are_drawn_as_often_as_said():
    atlases = Atlases(("volunteer", "average"), tuple(SHARES[Anatomies.BOTH].values()))
    rng = np.random.default_rng(0)
    drawn = [atlases.draw(rng) for _ in range(2000)]
    assert abs(drawn.count("volunteer") / 2000 - 0.75) < 0.04
    assert atlases.draw(np.random.default_rng(7)) == atlases.draw(np.random.default_rng(7))


def test_shares_of_each_mixture_are_whole():
    for shares in SHARES.values():
        assert abs(sum(shares.values()) - 1) < 1e-9
