// All op adapters, in one explicit list: a plug-in is `[...adapters, mine]`.
import { attentionOps } from './attention.js';
import { microsoft } from './microsoft.js';
import { microsoftAttention } from './microsoft-attention.js';
import { microsoftDecoder } from './microsoft-decoder.js';
import { conv } from './conv.js';
import { norm } from './norm.js';
import { activation } from './activation.js';
import { elementwise } from './elementwise.js';
import { logic } from './logic.js';
import { shape } from './shape.js';
import { indexOps } from './index-ops.js';
import { join } from './join.js';
import { order } from './order.js';
import { reduce } from './reduce.js';
import { linalg } from './linalg.js';
import { resize } from './resize.js';
import { legacy } from './legacy.js';
import { loss } from './loss.js';
import { signal } from './signal.js';
import { spatial } from './spatial.js';
import { ml } from './ml.js';
import { trees } from './ml-trees.js';
import { quantisedOps } from './quantised.js';
import type { OpAdapter } from './op.js';
import { pooling } from './pooling.js';
import { powerPooling } from './pooling-power.js';
import { recurrent } from './recurrent.js';

/** All ops that come with the package; `[...adapters, mine]` adds to them, or replaces one of the same op and domain. */
export const adapters: readonly OpAdapter[] = [
  ...elementwise,
  ...activation,
  ...logic,
  ...conv,
  ...pooling,
  ...powerPooling,
  ...norm,
  ...shape,
  ...join,
  ...indexOps,
  ...order,
  ...reduce,
  ...linalg,
  ...resize,
  ...recurrent,
  ...attentionOps,
  ...microsoft,
  ...microsoftAttention,
  ...microsoftDecoder,
  ...spatial,
  ...signal,
  ...loss,
  ...legacy,
  ...quantisedOps,
  ...ml,
  ...trees,
];
