// The public surface of lan-onnx.
export { openModel, type Classifier, type OpenOptions } from './classifier/open.js';
export { checkAgreement, type Agreement, type AgreementOptions, type GivenInput } from './classifier/agreement.js';
export { inspectModel, type Inspection } from './classifier/inspect.js';
export type { InputCard, ModelCard, PartialCard, OutputKind } from './classifier/card.js';
export {
  audit,
  createAuditor,
  type AuditOptions,
  type AuditResult,
  type Auditor,
  type BetaResult,
  type Prediction,
} from './evidence/audit.js';
export { exportGradient, type ExportGradientOptions } from './evidence/export-gradient.js';
export { exportStep, type ExportStepOptions } from './evidence/export-step.js';
export type { ExportedModel, ExportedValue } from './evidence/exported.js';
export { replaceability, wilson, type Replaceability } from './evidence/replaceability.js';
export { score, type Accuracy, type ScoreOptions, type ScoreResult } from './evidence/score.js';
export { grid, type GridOptions, type GridPosition, type GridResult } from './evidence/grid.js';
export type { GridObject } from './evidence/placing.js';
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
