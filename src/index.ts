// The public surface of lan-onnx: each command as one call, and what goes into and comes out of them. Op authoring: lan-onnx/ops.
export type { OpenOptions } from './model/open.js';
export type { InputCard, PartialCard, OutputKind } from './model/card.js';
export { openModel, type Classifier, type ModelLike } from './api/opened.js';
export type { DatasetLike } from './api/data.js';

export { compare, createComparer, type Compared, type CompareOptions, type Comparer, type CompareResult } from './api/compare.js';
export type { CompareDocument } from './report/compare-files.js';
export type { CompareRow } from './report/compare-rows.js';
export { defineMethod, type Attribution, type AttributionMethod, type Problem, type Run } from './attribution/method.js';
export { methods } from './attribution/methods.js';
export { audit, createAuditor, type AuditResult, type Auditor, type Finding } from './api/audit.js';
export { auditAll, type Audited } from './api/audit-all.js';
export { auditMany, type ManyOptions, type ManyResult } from './api/audit-many.js';
export type { SourceSpec } from './api/many-source.js';
export type { QueueOptions } from './api/queue-performer.js';
export { workOn, type TriedJob, type WorkerOptions, type WorkerResult } from './api/queue-worker.js';
export { queueStatus, type DeadLetter, type QueueStatus, type StatusOptions } from './api/queue-status.js';
export type { ResultLine, Summary } from './report/summary.js';
export { diff, type DiffFinding, type DiffOptions, type DiffResult, type DiffSide } from './api/diff.js';
export { picturePaths, type PicturePaths } from './data/picture-paths.js';
export type { AuditOptions, AuditProgress, MaskOptions } from './api/audit-options.js';
export type { AuditInput, Sample } from './api/inputs.js';
export type { FileInput, NamedInputs, RowInput, TextInput } from './api/named-inputs.js';
export type { FeatureNeed, Features } from './report/features.js';
export type { WordMask } from './report/tokens.js';
export type { AuditDocument, AuditFiles } from './report/audit-files.js';
export { train, type TrainDocument, type TrainOptions, type TrainResult } from './api/train.js';
export { score, type ScoreOptions, type ScoreResult } from './api/score.js';
export { positionMap, type PlacedObjects, type PositionMapOptions, type PositionMapResult } from './api/position-map.js';
export type { PlacedObject } from './score/placing.js';
export {
  exportGradient,
  exportStep,
  type ExportGradientOptions,
  type ExportResult,
  type ExportStepOptions,
} from './api/export.js';
export { fetchKnown, known, type Fetched, type FetchOptions } from './api/fetch.js';
export type { Known, Made } from './fetch/known.js';
export { importTfjs, type ImportTfjsOptions, type ImportTfjsResult } from './api/import-tfjs.js';
export { reproduce, type ReproduceOptions, type ReproduceResult } from './api/reproduce.js';
export { card, type CardLine, type CardOptions, type CardResult } from './api/card.js';
export { check, inspect } from './api/check.js';
export { checkMany, type Checked, type CheckManyOptions } from './api/check-many.js';
export { serve, type Served, type ServeOptions } from './api/serve.js';
export { definePlugin, type Plugin } from './api/plugin.js';
export type { OwnNetwork, OwnParameter } from './lan/network.js';
export type { MaskNetwork } from './lan/amortised.js';
export type { OutputLossRule } from './lan/losses.js';
export type { Noise, NoiseContext, NoiseFamily } from './lan/noise.js';
export type { MetricRule, MetricSubject } from './evidence/metric.js';
export type { PreprocessingStep } from './model/steps.js';
export type { LearnedMask } from './lan/learn.js';
export type { Replaceability } from './evidence/replaceability.js';
export type { Random } from './core/random.js';
export type { Block } from './report/page/document.js';
export type { ReportSection, SectionSubject } from './report/page/sections.js';
export type { DataReader } from './data/open-dataset.js';
export { testPlugin, type PluginTest, type PluginTestOptions, type PluginTestResult } from './api/plugin-test.js';
export { doctor, type Diagnosis, type DoctorResult } from './api/doctor.js';
export type { CheckInput, CheckOptions, CheckResult } from './check/check.js';
export type { Inspection } from './model/inspect.js';

export { openDataset, type DatasetOptions } from './data/open-dataset.js';
export { datasetOf } from './data/stored.js';
export type { Batch, Dataset, OpenDataset, PictureSpec } from './data/dataset.js';
export { readImage, type ImageSpec } from './data/images.js';
export { decodeNpy, encodeNpy } from './data/npy.js';
export { float32, type DType, type Tensor } from './core/tensor.js';
export { ERROR_CODES, LanError, LanErrors, type ErrorCode } from './core/errors.js';
