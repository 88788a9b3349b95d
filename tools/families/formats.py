"""The same networks in other number formats: float16, int8 as QDQ and as QOperator, dynamic int8."""
import numpy as np
import onnx
import text
import vision_torchvision as tv
from torch_export import picture

BERT = next(s for p, _, s in text.NETS if p == 'Bert')


def network(folder, exporter='torchscript'):
    return picture(tv.resnet('BasicBlock'), exporter, folder, 64)


def half(folder, made):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(made['file'])), made['file'])
    return made


class Pictures:
    """Calibration data."""

    def __init__(self, name):
        r = np.random.RandomState(0)
        self.left = [{name: r.rand(1, 3, 64, 64).astype(np.float32)} for _ in range(4)]

    def get_next(self):
        return self.left.pop() if self.left else None


def int8(folder, form, made, **more):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    CalibrationDataReader.register(Pictures)
    quantize_static(made['file'], made['file'], Pictures('pixel_values'), quant_format=getattr(QuantFormat, form), activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, **more)
    return made


def dynamic(folder, made):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(made['file'], made['file'], weight_type=QuantType.QInt8)
    return made


def bert(folder):
    return text.folder_of(text.build('Bert', BERT), 'Bert', 'torchscript', folder)


def bfloat(folder):
    import torch

    model = tv.resnet('BasicBlock').to(torch.float16)
    from torch_export import export

    return export(model, [torch.rand(1, 3, 64, 64).half()], ['pixel_values'], folder / 'model.onnx', 'dynamo')


def families():
    yield 'float16 ResNet (converted)', 'ResNet, float16', 'onnxruntime.transformers', 'image', lambda f: half(f, network(f))
    yield 'float16 ResNet (PyTorch)', 'ResNet, float16', 'PyTorch dynamo', 'image', bfloat
    yield 'float16 BERT', 'BERT, float16', 'onnxruntime.transformers', 'text', lambda f: half(f, bert(f))
    yield 'int8 QDQ ResNet', 'ResNet, int8', 'onnxruntime.quantization', 'image', lambda f: int8(f, 'QDQ', network(f), per_channel=True)
    yield 'int8 QDQ ResNet (dynamo)', 'ResNet, int8', 'onnxruntime.quantization', 'image', lambda f: int8(f, 'QDQ', network(f, 'dynamo')) 
    yield 'int8 QOperator ResNet', 'ResNet, int8', 'onnxruntime.quantization', 'image', lambda f: int8(f, 'QOperator', network(f))
    yield 'int8 dynamic BERT', 'BERT, int8', 'onnxruntime.quantization', 'text', lambda f: dynamic(f, bert(f))
