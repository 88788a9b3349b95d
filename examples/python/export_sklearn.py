"""scikit-learn as ONNX: a pipeline that has a gradient, and a forest that has none (audit it with --engine forward).

    python export_sklearn.py OUT
    lan-onnx check OUT/pipeline.onnx OUT/forest.onnx
    lan-onnx audit OUT/forest.onnx --csv OUT/rows.csv --row 1 --engine forward

Needs scikit-learn and skl2onnx.
"""
import pathlib
import sys

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
rows, species = load_iris(return_X_y=True)
rows = rows.astype(np.float32)
for name, model in {
    'pipeline': make_pipeline(StandardScaler(), LogisticRegression()),
    'forest': RandomForestClassifier(10, max_depth=4, random_state=0),
}.items():
    model.fit(rows, species)
    (out / f'{name}.onnx').write_bytes(to_onnx(model, rows[:1]).SerializeToString())
names = 'sepal length,sepal width,petal length,petal width'
np.savetxt(out / 'rows.csv', rows[::10], delimiter=',', header=names, comments='', fmt='%.2f')
