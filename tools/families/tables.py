"""Classifiers of tables by skl2onnx and onnxmltools, trained on 200 rows made up."""
import numpy as np
from sklearn import discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
from skl2onnx import to_onnx

ROWS = np.random.RandomState(0).randn(200, 5).astype(np.float32)
LABELS = ((ROWS[:, 0] + ROWS[:, 1] * ROWS[:, 2] > 0).astype(int) + (ROWS[:, 3] > 1)).astype(int)


def sklearn_models():
    scaled = lambda m: pipeline.make_pipeline(preprocessing.StandardScaler(), m)  # noqa: E731
    return {
        'LogisticRegression': scaled(linear_model.LogisticRegression()),
        'SGDClassifier': linear_model.SGDClassifier(loss='log_loss', random_state=0),
        'MLPClassifier': scaled(neural_network.MLPClassifier((8,), max_iter=50, random_state=0)),
        'LinearSVC': svm.LinearSVC(random_state=0),
        'SVC': svm.SVC(probability=True, random_state=0),
        'GaussianNB': naive_bayes.GaussianNB(),
        'QuadraticDiscriminantAnalysis': discriminant_analysis.QuadraticDiscriminantAnalysis(),
        'KNeighborsClassifier': neighbors.KNeighborsClassifier(3),
        'DecisionTreeClassifier': tree.DecisionTreeClassifier(max_depth=4, random_state=0),
        'RandomForestClassifier': ensemble.RandomForestClassifier(5, max_depth=4, random_state=0),
        'ExtraTreesClassifier': ensemble.ExtraTreesClassifier(5, max_depth=4, random_state=0),
        'GradientBoostingClassifier': ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0),
        'HistGradientBoostingClassifier': ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=0),
        'AdaBoostClassifier': ensemble.AdaBoostClassifier(n_estimators=4, random_state=0),
        'VotingClassifier': ensemble.VotingClassifier([('a', linear_model.LogisticRegression()), ('b', naive_bayes.GaussianNB())], voting='soft', flatten_transform=False),
        'Pipeline of PCA': pipeline.make_pipeline(preprocessing.PolynomialFeatures(2), preprocessing.MinMaxScaler(), linear_model.LogisticRegression()),
    }


def write(model, folder):
    (folder / 'rows.csv').write_text('a,b,c,d,e\n' + '\n'.join(','.join(f'{v:.6f}' for v in row) for row in ROWS[:40]) + '\n')
    (folder / 'model.onnx').write_bytes(model.SerializeToString())
    return {'file': str(folder / 'model.onnx')}


def boosted(library, folder):
    from onnxmltools import convert_lightgbm, convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    if library == 'xgboost':
        import xgboost

        model, convert = xgboost.XGBClassifier(n_estimators=4, max_depth=3).fit(ROWS, LABELS), convert_xgboost
    else:
        import lightgbm

        model, convert = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=7, verbose=-1).fit(ROWS, LABELS), convert_lightgbm
    return write(convert(model, initial_types=[('x', FloatTensorType([None, 5]))], target_opset=15), folder)


def families():
    for name, model in sklearn_models().items():
        yield f'sklearn {name}', name, 'skl2onnx', 'table', lambda folder, m=model: write(to_onnx(m.fit(ROWS, LABELS), ROWS[:1]), folder)
    for library in ('xgboost', 'lightgbm'):
        yield library, library, 'onnxmltools', 'table', lambda folder, lib=library: boosted(lib, folder)
