// testPlugin: a plug-in's parts tried as the built-in ones are, by whoever writes or is handed one.
import { adaptersOf } from '../model/plugged.js';
import { LanError, messageOf } from '../core/errors.js';
import { checkPlugins, partName, pluggedIn, type PluginKind, type PluginLike } from '../core/plugin.js';
import type { OpCase } from '../check/op-case.js';
import { createOpEngines, runOpCase } from '../check/op-runner.js';
import { NAMES, refuseUnknown } from './option-names.js';

/** What a part of a plug-in came to in one test. */
export interface PluginTest {
  readonly kind: PluginKind;
  /** The part: `com.example.Bent`. */
  readonly name: string;
  /** What it was tried on. */
  readonly on: string;
  readonly passes: boolean;
  /** What outputs were held against: `onnxruntime`, `given` by the plug-in, or the op's own `canonical form`. */
  readonly reference?: string;
  /** Largest difference from the reference, over its largest value. */
  readonly forward?: number;
  /** Largest difference of a gradient from engine to engine, over its largest value. */
  readonly gradient?: number;
  /** Were central differences taken, along the gradient and in random directions? */
  readonly differences?: boolean;
  /** Why it fails. */
  readonly failure?: string;
}

/** What a plug-in came to. */
export interface PluginTestResult {
  readonly schema: 'lan-onnx/plugin-test@1';
  readonly plugin: string;
  readonly passes: boolean;
  readonly tests: readonly PluginTest[];
}

/** How testPlugin tells what it does. */
export interface PluginTestOptions {
  /** Told of each test as soon as it is done. */
  readonly onTest?: (test: PluginTest) => void;
  /** After an abort no further test is begun: it rejects with LanError 'interrupted'. */
  readonly signal?: AbortSignal;
}

/**
 * Tries the ops of a plug-in on its `cases`: forward in onnxruntime and tfjs against what the case gives (`expected`), else onnxruntime on the op itself, else the op's
 * canonical form; tfjs's gradient against the ONNX rule; and both against central differences along the gradient and in random directions. An op without a case fails.
 * Throws LanError (`plugin`) for what is no plug-in.
 *
 * @example
 * const { passes, tests } = await testPlugin(mine);
 */
export async function testPlugin(plugin: PluginLike, options: PluginTestOptions = {}): Promise<PluginTestResult> {
  refuseUnknown('testPlugin', options, NAMES.testPlugin);
  checkPlugins([plugin]);
  const tests: PluginTest[] = [];
  const add = (test: PluginTest): void => {
    tests.push(test);
    options.onTest?.(test);
  };
  await testOps(plugin, add, options.signal);
  return { schema: 'lan-onnx/plugin-test@1', plugin: plugin.name, passes: tests.every((t) => t.passes), tests };
}

async function testOps(plugin: PluginLike, add: (test: PluginTest) => void, signal?: AbortSignal): Promise<void> {
  const ops = pluggedIn([plugin], 'ops');
  const cases = pluggedIn<OpCase>([plugin], 'cases');
  const adapters = adaptersOf({ plugins: [plugin] });
  const own = new Set(ops.map((op) => partName('ops', op)));
  const opOf = (c: OpCase): string => partName('ops', c);
  for (const name of own)
    if (!cases.some((c) => opOf(c) === name))
      add({ kind: 'ops', name, on: '', passes: false, failure: 'there is no case for it in `cases`' });
  if (cases.length === 0) return;
  const engines = await createOpEngines(adapters);
  for (const one of cases) {
    if (signal?.aborted)
      throw new LanError('interrupted', `The test of plug-in '${plugin.name}' was stopped before '${one.name}'.`);
    const test = { kind: 'ops' as const, name: opOf(one), on: one.name };
    if (!own.has(test.name)) {
      add({ ...test, passes: false, failure: `the plug-in has no op ${test.name}` });
      continue;
    }
    try {
      const { reference, forward, gradient, differences } = await runOpCase(one, engines, { adapters, canonicalReference: true });
      add({ ...test, passes: true, reference, forward, ...(gradient === undefined ? {} : { gradient }), differences });
    } catch (error) {
      add({ ...test, passes: false, failure: messageOf(error) });
    }
  }
}
