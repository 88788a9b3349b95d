// The public surface of lan-onnx.
export { openModel, type Classifier, type OpenOptions } from './classifier/open.js';
export { checkAgreement } from './classifier/agreement.js';
export { inspectModel } from './classifier/inspect.js';
export type { InputCard, ModelCard, PartialCard, OutputKind } from './classifier/card.js';
export { audit, createAuditor, type AuditOptions, type AuditResult, type Auditor } from './evidence/audit.js';
export { replaceability, wilson, type Replaceability } from './evidence/replaceability.js';
export { createNoise, type Noise } from './lan/noise.js';
export type { LanSettings } from './lan/settings.js';
export { writeAudit } from './report/audit-files.js';
export { readImage, type ImageSpec } from './data/images.js';
export { LanError, LanErrors } from './core/errors.js';
export type { DType, Tensor } from './core/tensor.js';
export { adapters } from '../adapters/index.js';
export { defineOp, type OpAdapter } from '../adapters/op.js';
export { differentiate } from './compile/differentiate.js';
export { GraphBuilder } from './onnx/builder.js';
