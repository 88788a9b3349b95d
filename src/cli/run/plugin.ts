// lan-onnx plugin test FILE: the parts of a plug-in, tried.
import Table from 'cli-table3';
import { testPlugin, type PluginTest, type PluginTestResult } from '../../api/plugin-test.js';
import { describePlugin } from '../../core/plugin.js';
import { readable } from '../../core/readable.js';
import { toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import type { plugin as definition } from '../commands/plugin.js';
import { progress, type Io } from '../io.js';
import { ofFile } from '../plugins.js';

/** Prints a table of the tests; exits with 1 where one fails. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const plugins = await ofFile(argv.file);
  const line = progress(io);
  const results: PluginTestResult[] = [];
  for (const plugin of plugins) {
    if (!argv.json) io.out(`${readable(describePlugin(plugin))}\n`);
    const result = await testPlugin(plugin, { onTest: ({ name, on }) => line.say(plugin.name, `${name} ${on}`) });
    line.clear();
    results.push(result);
    if (!argv.json) io.out(describe(result));
  }
  if (argv.json) io.out(toJson(results.length === 1 ? results[0] : results));
  if (!results.every((r) => r.passes)) io.exit(1);
}

const figure = (value: number | undefined): string => (value === undefined ? '' : value.toExponential(1));

function describe({ tests }: PluginTestResult): string {
  if (tests.length === 0) return 'Nothing in it can be tried here.\n';
  const table = new Table({
    head: ['part', 'tried on', 'reference', 'forward', 'gradient', 'differences', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, on, reference = '', forward, gradient, differences, passes } of tests)
    table.push([name, on, reference, figure(forward), figure(gradient), differences ? 'agree' : '', passes ? 'ok' : 'FAIL'].map((text) => readable(text))); // prettier-ignore
  const failed = tests.filter((t) => !t.passes);
  return [
    table.toString(),
    '  forward: largest difference from the reference over its largest value; gradient: tfjs against the ONNX rule, likewise',
    ...(tests.some((t) => t.reference === 'canonical form')
      ? ['  canonical form: onnxruntime does not know the op, so what it is rewritten to is its own reference; give `expected` for another one'] // prettier-ignore
      : []),
    ...failed.map((t) => `FAIL ${nameOf(t)}: ${readable(t.failure ?? '')}`),
    `${tests.length - failed.length} of ${tests.length} tests pass.`,
    '',
  ].join('\n');
}

const nameOf = ({ name, on }: PluginTest): string => readable(on === '' ? name : `${name}, ${on}`);
