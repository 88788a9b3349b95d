"""Both exporters of PyTorch, over one module and its example input."""
import logging
import pathlib

import torch

# The fused attention of PyTorch has no counterpart in the older exporter.
torch.backends.mha.set_fastpath_enabled(False)

EXPORTERS = ('torchscript', 'dynamo')


class Logits(torch.nn.Module):
    """The logits alone, of models that answer with a record of many things."""

    def __init__(self, model: torch.nn.Module, names) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *inputs):
        # By name: what comes second is the mask of most models, and the past of some.
        y = self.model(**dict(zip(self.names, inputs))) if len(self.names) > 1 else self.model(*inputs)
        return y.logits if hasattr(y, 'logits') else y


def export(model, inputs, names, file: pathlib.Path, exporter: str, axes=None) -> dict:
    """Writes `model` at `inputs` to `file`; `axes` names the open ones (of torchscript; dynamo's graphs are of fixed shapes)."""
    model = Logits(model, names).eval()
    logging.disable(logging.WARNING)
    with torch.no_grad():
        if exporter == 'dynamo':
            torch.onnx.export(model, tuple(inputs), str(file), input_names=names, output_names=['logits'], dynamo=True, external_data=False)
        else:
            torch.onnx.export(model, tuple(inputs), str(file), input_names=names, output_names=['logits'], dynamo=False, dynamic_axes=axes)
    return {'file': str(file)}


def picture(model, exporter: str, folder: pathlib.Path, size=64, channels=3) -> dict:
    return export(model, [torch.rand(1, channels, size, size)], ['pixel_values'], folder / 'model.onnx', exporter, {'pixel_values': {0: 'batch'}})


# What an exporter cannot write goes through the other one.
CANNOT = {
    'torchscript': ('csatv2', 'Dinov2WithRegisters'),
    'dynamo': ('nest_tiny', 'twins_svt_small'),
}


def in_turn(entries, both=lambda name: False):
    """Each entry with the exporters that it goes through: one after the other in turn, or both where `both` says so of its first field."""
    for i, entry in enumerate(entries):
        able = [e for e in EXPORTERS if entry[0] not in CANNOT[e]]
        for exporter in able if both(entry[0]) else (able[i % len(able)],):
            yield (*entry, exporter)


def pictures(entries, source, both):
    """A family for each entry (name, family, builder of the module, size of pictures) and exporter."""
    for name, family, build, size, exporter in in_turn(entries, both):
        yield (f'{source} {name} ({exporter})', family, f'PyTorch {exporter}', 'image',
               lambda folder, build=build, exporter=exporter, size=size: picture(build(), exporter, folder, size))
