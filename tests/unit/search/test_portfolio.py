"""The configurations that a search tries first."""

import pytest
from toy import launcher, searching

pytestmark = pytest.mark.usefixtures("no_charts")


def starting_points(tmp_path, *overrides):
    with searching(tmp_path, *overrides, launch=launcher(tmp_path)) as search:
        return search, search._starting_points()


def test_the_default_comes_first_then_the_portfolio(tmp_path):
    search, points = starting_points(tmp_path)
    assert points[0] == search.space.params() and len(points) > 2
    for settings, params in zip(search.settings.portfolio, points[1:], strict=True):
        assert search.space.has(settings)
        assert dict(settings).items() <= search.space.settings(params).items()
        others = {k: v for k, v in params.items() if k.partition(" ")[0] not in settings}
        assert others.items() <= points[0].items()


def test_a_portfolio_outside_of_the_space_is_left_out_with_a_line(tmp_path, capsys):
    _, points = starting_points(tmp_path, "encoder.channels=16", "encoder=resnet")
    assert all(params.get("encoder", "resnet") == "resnet" for params in points)
    assert "hydra.sweeper.portfolio are outside of the searched space" in capsys.readouterr().out


def test_a_short_search_tries_only_what_it_has_trials_for(tmp_path):
    assert len(starting_points(tmp_path, "hydra.sweeper.n_trials=2")[1]) == 2


def test_a_search_without_a_portfolio_begins_with_the_default(tmp_path):
    assert len(starting_points(tmp_path, "hydra.sweeper.portfolio=[]")[1]) == 1


def test_a_portfolio_may_name_values_that_are_fixed(tmp_path):
    portfolio = "hydra.sweeper.portfolio=[{encoder: vgg}, {encoder: conv}]"
    search, points = starting_points(tmp_path, "encoder=vgg", portfolio)
    assert points == [search.space.params()] * 2
