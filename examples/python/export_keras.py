"""A Keras classifier as ONNX. Keras keeps channels last, and so does the file; lan-onnx takes it as it is.

    KERAS_BACKEND=torch python export_keras.py OUT
    lan-onnx check OUT/keras.onnx

Needs keras 3 and one of its backends; what is installed decides what KERAS_BACKEND may be.
"""
import os
import pathlib
import sys

os.environ.setdefault('KERAS_BACKEND', 'torch')
import keras
from keras import layers

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
keras.utils.set_random_seed(0)
model = keras.Sequential([
    layers.Input((28, 28, 1)),
    layers.Conv2D(8, 3, strides=2, padding='same', activation='relu'),
    layers.SeparableConv2D(16, 3, padding='same', activation='swish'),
    layers.MaxPooling2D(2, padding='same'),
    layers.GlobalAveragePooling2D(),
    layers.Dense(10, activation='softmax'),
])
model(keras.ops.zeros((1, 28, 28, 1)))
model.export(str(out / 'keras.onnx'), format='onnx', verbose=False)
