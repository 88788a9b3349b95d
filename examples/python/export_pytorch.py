"""A PyTorch classifier as ONNX, by the exporter that is PyTorch's default now (dynamo) and by the older one (torchscript).

    python export_pytorch.py OUT
    lan-onnx check OUT/dynamo.onnx OUT/torchscript.onnx

Needs torch and onnxscript.
"""
import pathlib
import sys

import torch
from torch import nn


class Classifier(nn.Module):
    """Pictures [N,3,32,32] to logits [N,5]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 16, 3), nn.MaxPool2d(2))
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)
model = Classifier().eval()
example = torch.rand(2, 3, 32, 32)
names = {'input_names': ['x'], 'output_names': ['logits']}
# external_data=False: one file, while the weights are below 2 GB.
torch.onnx.export(model, (example,), str(out / 'dynamo.onnx'), dynamo=True, external_data=False, dynamic_shapes=({0: torch.export.Dim('batch')},), **names)
torch.onnx.export(model, (example,), str(out / 'torchscript.onnx'), dynamo=False, dynamic_axes={'x': {0: 'batch'}}, **names)
