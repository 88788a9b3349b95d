// The commands of the campaign, each on small models and data that come with the package, and what each leaves when nothing goes wrong.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const NAMES = ['audit', 'audit-many', 'train', 'grid', 'score', 'reproduce'] as const;
export type Name = (typeof NAMES)[number];

/** A command line that writes into one folder. */
export interface Command {
  readonly name: Name;
  /** Arguments of a run that begins. */
  argv(out: string): string[];
  /** Arguments of a run that goes on where another was broken off. */
  again(out: string): string[];
}

const PACKAGE = resolve(import.meta.dirname, '..', '..', 'models', 'tank');

/** A tank detector of a few thousand weights, trained in a second; verdicts always hold. */
const EXPERIMENT = {
  schema: 'lan-onnx/experiment@1',
  kind: 'tank',
  title: 'Tanks in a second',
  data: { size: 64, train: 64, test: 32 },
  classifier: {
    network: 'Conv(4, 2, 5x5, lrelu), FC(2, softmax)',
    batch: 8,
    iterations: 60,
    learningRate: 0.001,
    schedule: 'constant',
  },
  masks: { beta: 1, draws: 2, pictures: 2, iterations: 30, noiseSamples: 32, methods: 'gradient' },
  limits: { accuracy: 0, chance: 1, attentionRatio: 0 },
};

/** Copies models and pictures into `folder`, where a fault may harm them, and gives the commands that use them. */
export function makeCommands(folder: string): Record<Name, Command> {
  mkdirSync(folder, { recursive: true });
  const at = (...parts: string[]): string => join(folder, ...parts);
  for (const part of ['tank.onnx', 'tank.card.json', 'pictures']) cpSync(join(PACKAGE, part), at(part), { recursive: true });
  writeFileSync(at('small.json'), JSON.stringify(EXPERIMENT));
  const [model, pictures] = [at('tank.onnx'), at('pictures')];
  const images = [['tank', '05.png'], ['tank', '07.png'], ['no tank', '02.png']].map((p) => join(pictures, ...p)); // prettier-ignore
  const one = ['--threads', '1'];
  const command = (name: Name, argv: (out: string) => string[], more: string[] = [], verb: string = name): Command => ({
    name,
    argv: (out) => [verb, ...argv(out), ...one],
    again: (out) => [verb, ...argv(out), ...one, ...more],
  });
  return {
    audit: command('audit', (out) =>
      [model, '--image', ...images, '--noise', `bootstrap:${join(pictures, 'no tank')}`, '--beta', '1',
        '--iterations', '60', '--evidence-draws', '32', '--out', out]), // prettier-ignore
    // Processes that explain at the same time, a journal that is written in order, and a summary at the end.
    'audit-many': command(
      'audit-many',
      (out) => [model, '--data', pictures, '--limit', '6', '--workers', '2', '--noise', `bootstrap:${join(pictures, 'no tank')}`,
        '--beta', '1', '--iterations', '30', '--evidence-draws', '16', '--out', out], // prettier-ignore
      ['--resume'],
      'audit',
    ),
    // A checkpoint every 0.05 s, so that kills meet them; as many metrics lines as there are.
    train: command(
      'train',
      (out) => [model, '--data', pictures, '--iterations', '120', '--batch', '4', '--lan', 'FC(8, lrelu), FC(mask, sigmoid)',
        '--checkpoint-every', '0.05', '--out', join(out, 'lan.onnx')], // prettier-ignore
      ['--resume'],
    ),
    grid: command('grid', (out) => [model, '--objects', images[0]!, '--object-size', '24', '--stride', '2', '--out', out]),
    score: command('score', (out) => [model, '--data', pictures, '--batch', '8', '--out', out]),
    reproduce: command('reproduce', (out) => [at('small.json'), '--out', out]),
  };
}
