// The public surface of lan-onnx.
export { openModel, type Classifier, type OpenOptions } from './model/open.js';
export { check, type CheckResult, type CheckOptions, type CheckInput } from './check/check.js';
export { inspect, type Inspection } from './model/inspect.js';
export type { InputCard, ModelCard, PartialCard, OutputKind } from './model/card.js';
export {
  audit,
  createAuditor,
  type AuditOptions,
  type AuditResult,
  type Auditor,
  type BetaResult,
  type Prediction,
} from './explain/audit.js';
export { exportGradient, type ExportGradientOptions } from './export/gradient.js';
export { exportStep, type ExportStepOptions } from './export/step.js';
export type { ExportedModel, ExportedValue } from './export/publish.js';
export { replaceability, type Replaceability } from './explain/evidence.js';
export { wilson } from './core/proportion.js';
export { score, type Accuracy, type ScoreOptions, type ScoreResult } from './score/score.js';
export { positionMap, type PositionMapOptions, type Position, type PositionMap } from './score/position-map.js';
export type { PlacedObject } from './score/placing.js';
export { createNoise, type Noise } from './lan/noise.js';
export type { LanSettings } from './lan/settings.js';
export { writeAudit } from './report/audit-files.js';
export { toPixels, type Batch, type Dataset, type PictureSpec } from './data/dataset.js';
export { matchLabels } from './data/labels.js';
export { openDataset, type DatasetOptions } from './data/open-dataset.js';
export { datasetOf } from './data/stored.js';
export { readImage, type ImageSpec } from './data/images.js';
export { decodeNpy, encodeNpy } from './data/npy.js';
export { LanError, LanErrors } from './core/errors.js';
export { float32, type DType, type Tensor } from './core/tensor.js';
export { adapters } from '../adapters/index.js';
export { defineOp, float, floats, int, ints, none, tensor, text, todo, type OpAdapter } from '../adapters/op.js';
export { differentiate } from './compile/differentiate.js';
export { GraphBuilder } from './onnx/builder.js';
