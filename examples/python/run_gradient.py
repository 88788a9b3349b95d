"""A saliency map by plain onnxruntime: no lan-onnx, no framework, and no gradients in onnxruntime itself.

    lan-onnx export-gradient model.onnx --out gradient.onnx
    python run_gradient.py gradient.onnx 3 input.npy saliency.npy

Explains class 3 for the array in input.npy (preprocessed, [1,C,H,W]); without the last two, for random numbers. Needs numpy and onnxruntime.
"""
import sys

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
target_class = int(sys.argv[2])
inputs = {i.name: i.shape for i in session.get_inputs()}
outputs = [o.name for o in session.get_outputs()]
# The file says what each of them is.
for name, meaning in session.get_modelmeta().custom_metadata_map.items():
    print(f'{name}: {meaning}')

name = next(n for n in inputs if n != 'target')
x = np.load(sys.argv[3]).astype(np.float32) if len(sys.argv) > 3 else np.random.default_rng(0).random(inputs[name], np.float32)
target = np.zeros(inputs['target'], np.float32)
target[:, target_class] = 1
loss, gradient = session.run(['loss', f'{name}_grad'], {name: x.reshape(inputs[name]), 'target': target})
print(f'loss {float(np.ravel(loss)[0]):.6g}, gradient {list(gradient.shape)}, largest {np.abs(gradient).max():.6g}')
if len(sys.argv) > 4:
    np.save(sys.argv[4], np.abs(gradient).max(axis=1) if gradient.ndim == 4 else np.abs(gradient))
