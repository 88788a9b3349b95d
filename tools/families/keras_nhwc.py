"""Keras' classifiers, channels last, by Keras' own ONNX export."""
import os

os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
import numpy as np
import torch  # noqa: F401  Keras' backend here; also what exports.

SMALL = {'weights': None, 'classes': 10}

NETS = [
    ('MobileNet', 'MobileNetV1', 64, {'alpha': 0.25}),
    ('MobileNetV2', 'MobileNetV2', 64, {'alpha': 0.35}),
    ('MobileNetV3Small', 'MobileNetV3', 64, {'alpha': 0.75, 'minimalistic': True}),
    ('EfficientNetB0', 'EfficientNet', 32, {}),
    ('EfficientNetV2B0', 'EfficientNet V2', 32, {}),
    ('Xception', 'Xception', 71, {}),
    ('ConvNeXtTiny', 'ConvNeXt', 32, {}),
    ('DenseNet121', 'DenseNet', 32, {}),
]


def small_cnn():
    layers = keras.layers
    return keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(8, 3, strides=2, padding='same'), layers.BatchNormalization(), layers.ReLU(),
        layers.SeparableConv2D(16, 3, padding='same', activation='swish'), layers.MaxPooling2D(2, padding='same'), layers.SpatialDropout2D(0.1),
        layers.Conv2DTranspose(8, 3, strides=2, padding='same', activation='elu'), layers.GlobalAveragePooling2D(), layers.Dense(10, activation='softmax'),
    ])


def text_cnn():
    layers = keras.layers
    return keras.Sequential([
        layers.Input((20, 6)), layers.Conv1D(8, 3, padding='causal', activation='relu'), layers.LayerNormalization(),
        layers.GlobalMaxPooling1D(), layers.Dense(1, activation='sigmoid'),
    ])


def save(model, folder):
    file = folder / 'model.onnx'
    model(np.zeros((1, *model.input_shape[1:]), np.float32))
    model.export(str(file), format='onnx', verbose=False)
    return {'file': str(file)}


def with_input(model, folder):
    np.save(folder / 'x.npy', np.random.randn(1, *model.input_shape[1:]).astype(np.float32))
    return save(model, folder)


def families():
    for name, family, size, more in NETS:
        yield (f'keras {name}', f'{family} (NHWC)', 'Keras', 'image',
               lambda folder, n=name, s=size, m=more: save(getattr(keras.applications, n)(**SMALL, input_shape=(s, s, 3), **m), folder))
    yield 'keras small CNN', 'CNN (NHWC, softmax)', 'Keras', 'image', lambda folder: save(small_cnn(), folder)
    yield 'keras Conv1D', 'CNN of sequences, one sigmoid', 'Keras', 'tensor', lambda folder: with_input(text_cnn(), folder)
