// definePlugin: what people add to the package without changing it, as one plain object.
import type { OpAdapter } from '../../adapters/op.js';
import type { OpCase } from '../check/op-case.js';
import type { AttributionMethod } from '../attribution/method.js';
import type { DataReader } from '../data/open-dataset.js';
import type { MetricRule } from '../evidence/metric.js';
import type { MaskNetwork } from '../lan/amortised.js';
import type { OutputLossRule } from '../lan/losses.js';
import type { NoiseFamily } from '../lan/noise.js';
import type { PreprocessingStep } from '../model/steps.js';
import type { AuditDocument } from '../report/audit-files.js';
import type { ReportSection } from '../report/page/sections.js';
import { checkPlugins, type PluginLike } from '../core/plugin.js';

/**
 * A plug-in: plain data and functions, which nothing but being passed to a call puts to use. Everything in it is chosen by its name, as the built-in ones are.
 * See docs/plugins.md, which has an example of each.
 */
export interface Plugin extends PluginLike {
  /** Ops (defineOp), of any domain. */
  readonly ops?: readonly OpAdapter[];
  /** What `lan-onnx plugin test` tries the ops on. */
  readonly cases?: readonly OpCase[];
  /** Steps between the pixels of a picture and the rest of its card, chosen by a card's `preprocessing`. */
  readonly preprocessing?: readonly PreprocessingStep[];
  /** Families of noise, chosen by `noise`. */
  readonly noise?: readonly NoiseFamily[];
  /** Chosen by `outputLoss`. */
  readonly outputLosses?: readonly OutputLossRule[];
  /** Networks of `train`, chosen by `lan`. */
  readonly maskNetworks?: readonly MaskNetwork[];
  /** Measured by `audit`, and compared by `failOn`. */
  readonly metrics?: readonly MetricRule[];
  /** Methods (defineMethod), chosen by `methods` of `compare` and `method` of `audit`. */
  readonly methods?: readonly AttributionMethod[];
  /** Parts of an audit's page. */
  readonly reportSections?: readonly ReportSection<AuditDocument>[];
  /** Kinds of data sets, asked before the built-in ones. */
  readonly readers?: readonly DataReader[];
}

/**
 * The plug-in as it was given, checked. Throws LanError (`plugin`) naming the first field that is not what it has to be.
 *
 * @example
 * export default definePlugin({ name: 'mine', ops: [bent] });
 */
export function definePlugin(plugin: Plugin): Plugin {
  checkPlugins([plugin]);
  return plugin;
}
