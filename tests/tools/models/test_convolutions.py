"""Channels of networks of one's own: what stands behind a convolution, and how often it runs."""

import torch
from neuroscribe.tools.models import zero
from neuroscribe.tools.models.factory import from_model
from neuroscribe.tools.models.model import Model
from torch import nn


class Residual(nn.Module):
    """One rectifier for all, after the sum too; a block that runs twice; one function."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=inplace)
        self.inner = nn.Conv2d(8, 8, 3, padding=1)
        self.last = nn.Conv2d(8, 6, 1)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.relu(self.norm(self.stem(x)))
        for _ in range(2):
            x = self.relu(self.inner(x) + x)
        x = torch.relu(self.last(x))
        return self.head(x.mean((2, 3)))


def residual(inplace=False):
    return from_model(Model(Residual(inplace), example=(1, 3, 10, 10)), name="mine")


def pictures(many=3):
    return torch.randn(many, 3, 10, 10, generator=torch.Generator().manual_seed(1))


def test_one_rectifier_for_all():
    for inplace in (False, True):
        target = residual(inplace)
        convs = {name: site for name, site in target.sites.items() if name.startswith("conv.")}
        assert list(convs) == ["conv.0", "conv.1", "conv.2", "conv.3"]
        assert [site.module for site in convs.values()] == ["relu", "inner", "inner", "last"]
        assert [site.floor for site in convs.values()] == [0.0, None, None, None]
        assert convs["conv.0"].call == (0, 3)
        assert (convs["conv.1"].call, convs["conv.2"].call) == ((0, 2), (1, 2))
        net, x = target.network, pictures()
        with torch.no_grad():
            first = torch.relu(net.norm(net.stem(x)))
            second = net.inner(first)
            fourth = net.inner(torch.relu(second + first))
        values = target.trace(x, list(convs)).values
        for name, want in (("conv.0", first), ("conv.1", second), ("conv.2", fourth)):
            torch.testing.assert_close(values[name], want.flatten(2).transpose(1, 2))


def test_a_run_is_changed_and_the_others_are_not():
    target = residual()
    net, x = target.network, pictures()
    with torch.no_grad():
        first = torch.relu(net.norm(net.stem(x)))
        second = torch.relu(net.inner(first) + first)
        changed = net.inner(second)
        changed[:, 4] = 0
        want = net.head(torch.relu(net.last(torch.relu(changed + second))).mean((2, 3)))
    for _ in range(2):  # the count of runs starts anew with each forward
        got = target.trace(x, interventions=[zero("conv.2", [4])]).output
        torch.testing.assert_close(got, want)


def test_the_sum_behind_a_convolution_is_not_taken_for_it():
    """An addition in place gives the same tensor in memory, with other values."""

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.act = nn.Conv2d(3, 3, 1), nn.ReLU()

        def forward(self, x):
            y = self.one(x)
            y += 5
            return self.act(y).mean((2, 3))

    target = from_model(Model(Sum(), example=(1, 3, 6, 6)), name="sum")
    assert target.sites["conv.0"].module == "one"
    x = pictures()[:, :, :6, :6]
    values = target.trace(x, ["conv.0"]).values["conv.0"]
    with torch.no_grad():
        torch.testing.assert_close(values, target.network.one(x).flatten(2).transpose(1, 2))


def test_unbounded_activations_and_group_norm_are_followed():
    for act, floor in ((nn.LeakyReLU(), None), (nn.SiLU(), -0.2785), (nn.PReLU(), None)):
        net = nn.Sequential(
            *(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), act, nn.Dropout(), nn.Conv2d(4, 4, 3)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        )
        target = from_model(Model(net, example=(1, 3, 9, 9)), name="net")
        site = target.sites["conv.0"]
        assert (site.module, site.floor) == ("2", floor)
        assert target.sites["conv.1"].module == "4"
        assert target.sites["logit"].module == "6"
