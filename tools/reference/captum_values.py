"""Attributions of small networks by Captum, as test/attribution holds them in numbers.

Usage: python tools/reference/captum_values.py      (needs torch and captum; prints what the tests were given)

Weights and inputs are sines of their index, so that a test builds the same network without a file.
"""
import math

import captum
import torch
from captum.attr import LayerActivation, LayerGradCam, LayerGradientXActivation, ShapleyValues
from torch import nn


def sines(count, step, offset=0.0):
    return torch.tensor([math.sin(step * i + offset) for i in range(count)], dtype=torch.float64)


class Convolutions(nn.Module):
    """Two convolutions with a ReLU behind each, their mean over the picture, three classes."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.last = nn.Linear(4, 3)
        with torch.no_grad():
            for i, p in enumerate(self.parameters()):
                p.copy_(sines(p.numel(), 0.7, i).reshape(p.shape))

    def forward(self, x):
        self.a = torch.relu(self.first(x))
        self.b = torch.relu(self.second(self.a))
        return self.last(self.b.mean((2, 3)))


class Game(nn.Module):
    """v(x) = x0 x1 + 2 x2 x3 x4 - x5 + x0 x2: a game of six players whose Shapley values are known."""

    def forward(self, x):
        return x[:, 0] * x[:, 1] + 2 * x[:, 2] * x[:, 3] * x[:, 4] - x[:, 5] + x[:, 0] * x[:, 2]


def shown(name, values):
    print(name, [round(v, 6) for v in values.flatten().tolist()])


def main():
    print("captum", captum.__version__, "torch", torch.__version__)
    net = Convolutions().double()
    x = sines(2 * 6 * 6, 0.37).reshape(1, 2, 6, 6)
    shown("scores", net(x))
    for target in range(3):
        for layer in ("first", "second"):
            module = getattr(net, layer)
            shown(f"grad-cam {layer} {target}", LayerGradCam(net, module).attribute(x, target, relu_attributions=True))
            # Of each channel by itself, before they are summed.
            alone = LayerGradCam(net, module).attribute(x, target, attr_dim_summation=False)
            shown(f"grad-cam {layer} {target}, sums of channels", alone.sum((2, 3)))
            # Layer-CAM is ReLU(sum ReLU(gradient) activation); Captum gives gradient x activation, and the activation.
            product = LayerGradientXActivation(net, module).attribute(x, target)
            active = LayerActivation(net, module).attribute(x)
            gradient = product / active
            shown(f"layer-cam {layer} {target}", torch.relu((torch.relu(gradient) * active).sum(1)))
    ones = torch.arange(1.0, 7.0, dtype=torch.float64).reshape(1, 6) / 2
    base = torch.zeros_like(ones) + 0.25
    shown("shapley", ShapleyValues(Game()).attribute(ones, base))
    groups = torch.tensor([[0, 0, 1, 1, 2, 2]])
    shown("shapley grouped", ShapleyValues(Game()).attribute(ones, base, feature_mask=groups))


if __name__ == "__main__":
    main()
