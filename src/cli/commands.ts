// All commands, in the order of --help. Lists, hints and the translation of option names come from here.
import { commandOf, type Command } from './command.js';
import { audit } from './commands/audit.js';
import { card } from './commands/card.js';
import { check } from './commands/check.js';
import { compare } from './commands/compare.js';
import { completion } from './commands/completion.js';
import { diff } from './commands/diff.js';
import { doctor } from './commands/doctor.js';
import { exportGradient } from './commands/export-gradient.js';
import { exportStep } from './commands/export-step.js';
import { fetch } from './commands/fetch.js';
import { grid } from './commands/grid.js';
import { importTfjs } from './commands/import-tfjs.js';
import { inspect } from './commands/inspect.js';
import { plugin } from './commands/plugin.js';
import { reproduce } from './commands/reproduce.js';
import { score } from './commands/score.js';
import { status } from './commands/status.js';
import { serve } from './commands/serve.js';
import { train } from './commands/train.js';
import { worker } from './commands/worker.js';

/** Every command of lan-onnx. */
export const COMMANDS: readonly Command[] = [
  commandOf(inspect, () => import('./run/inspect.js')),
  commandOf(card, () => import('./run/card.js')),
  commandOf(check, () => import('./run/check.js')),
  commandOf(audit, () => import('./run/audit.js')),
  commandOf(compare, () => import('./run/compare.js')),
  commandOf(diff, () => import('./run/diff.js')),
  commandOf(train, () => import('./run/train.js')),
  commandOf(score, () => import('./run/score.js')),
  commandOf(grid, () => import('./run/grid.js')),
  commandOf(reproduce, () => import('./run/reproduce.js')),
  commandOf(serve, () => import('./run/serve.js')),
  commandOf(exportGradient, () => import('./run/export-gradient.js')),
  commandOf(exportStep, () => import('./run/export-step.js')),
  commandOf(fetch, () => import('./run/fetch.js')),
  commandOf(worker, () => import('./run/worker.js')),
  commandOf(status, () => import('./run/status.js')),
  commandOf(importTfjs, () => import('./run/import-tfjs.js')),
  commandOf(plugin, () => import('./run/plugin.js')),
  commandOf(doctor, () => import('./run/doctor.js')),
  commandOf(completion, async () => (await import('./run/completion.js')).completing(COMMANDS)),
];
