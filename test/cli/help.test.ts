// What --help loads: tables and yargs, and none of the engines, so that it answers at once.
import { expect, test } from '@jest/globals';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { moduleOf, printed } from '../support/built.js';
import { cli } from '../support/command.js';

/** The packages with code in CommonJS, as all the heavy ones are, that a process of its own has loaded when the command lines are done. */
function loaded(...lines: string[][]): string[] {
  const script = `
    import { Module } from 'node:module';
    import { main } from '${moduleOf('src/cli/main.ts')}';
    const io = { out() {}, err() {} };
    const codes = [];
    for (const line of ${JSON.stringify(lines)}) codes.push(await main(line, io));
    const names = Object.keys(Module._cache).map((path) => /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(path)?.[1]);
    console.log(JSON.stringify([codes, [...new Set(names)]]));`;
  const [codes, names] = JSON.parse(printed(script)) as [number[], (string | null)[]];
  expect(codes).toEqual(lines.map(() => 0));
  return names.flatMap((name) => (name === null ? [] : [name]));
}

const HEAVY = /^(onnxruntime-|@tensorflow\/|sharp$|@img\/|protobufjs$|cli-table3$|bullmq$|ioredis$)/;

test('--help, of the program and of every command, loads no engine', () => {
  const helps = COMMANDS.map((command) => [nameOf(command), '--help']);
  expect(loaded(['--help'], ['--version'], ...helps).filter((name) => HEAVY.test(name))).toEqual([]);
}, 60_000);

test('the same look at a command that runs finds them', () => {
  expect(loaded(['inspect', 'tank'])).toEqual(expect.arrayContaining(['onnxruntime-node', 'protobufjs', 'cli-table3']));
}, 60_000);

test('the help and the version of the program, and the help of its commands, load no yargs, which takes longer than all the rest', () => {
  const script = `
    import { register } from 'node:module';
    const hook = "export const resolve = (name, context, next) => name === 'yargs' ? Promise.reject(new Error('yargs')) : next(name, context);";
    register('data:text/javascript,' + encodeURIComponent(hook));
    const { main } = await import('${moduleOf('src/cli/main.ts')}');
    const io = { out() {}, err() {} };
    const results = [];
    for (const line of [['--help'], ['-h'], ['--version'], ['audit', '--help'], ['check', '-h'], ['audit', '--help', '-h']])
      results.push(await main(line, io).catch((error) => error.message));
    console.log(JSON.stringify(results));`;
  expect(JSON.parse(printed(script))).toEqual([0, 0, 0, 0, 0, 'yargs']);
}, 60_000);

/** What `line` prints in a terminal of so many columns. */
async function at(columns: number, ...line: string[]): Promise<Awaited<ReturnType<typeof cli>>> {
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'columns');
  try {
    Object.defineProperty(process.stdout, 'columns', { value: columns, configurable: true });
    return await cli(...line);
  } finally {
    if (before) Object.defineProperty(process.stdout, 'columns', before);
    else delete (process.stdout as { columns?: number }).columns;
  }
}

test('they are letter for letter what yargs prints, at every third width', async () => {
  for (let columns = 60; columns <= 130; columns += 3) {
    // Anything beside it is left to yargs.
    const byYargs = await at(columns, '--help', '-h');
    expect(byYargs.out).toContain('lan-onnx audit <model>');
    expect([columns, await at(columns, '--help')]).toEqual([columns, byYargs]);
    expect([columns, await at(columns, '-h')]).toEqual([columns, byYargs]);
  }
  expect(await cli('--version')).toEqual(await cli('--version', '--version'));
});

test.each(COMMANDS.map((command, i) => [nameOf(command), i] as const))('so is the help of %s', async (name, i) => {
  // Each command at widths of its own: among them all there are few that none has.
  for (const columns of [72 + i, 96 + i, 120]) {
    const byYargs = await at(columns, name, '--help', '-h');
    expect(byYargs.out).toContain(`lan-onnx ${name}`);
    expect(byYargs.out).toContain('Examples:\n');
    expect(byYargs.out).not.toContain('$0');
    expect([columns, await at(columns, name, '--help')]).toEqual([columns, byYargs]);
    expect([columns, await at(columns, name, '-h')]).toEqual([columns, byYargs]);
  }
});
