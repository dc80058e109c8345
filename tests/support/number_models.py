"""Small networks on numbers and pictures, as people write them themselves, with named classes."""

import torch
from neuroscribe.tools.models import Model
from torch import nn


def linear():
    """Classes are weighted sums of four numbers."""
    torch.manual_seed(0)
    return Model(nn.Sequential(nn.Linear(4, 3)), example=(1, 4), labels=["cat", "dog", "hen"])


def mlp():
    torch.manual_seed(0)
    layers = [nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 2)]
    return Model(nn.Sequential(*layers), example=(1, 3), labels=["cat", "dog"])


def cnn():
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3)]
    layers = nn.Sequential(*convolutions, nn.ReLU(), *head)
    return Model(layers, example=(1, 3, 16, 16), labels=["red", "green", "blue"])


class Chosen(nn.Module):
    """Gives the number of a class, through which no derivative passes."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x):
        return self.inner(x).argmax(-1, keepdim=True)


def chosen():
    torch.manual_seed(0)
    return Model(Chosen(), example=(1, 4))
