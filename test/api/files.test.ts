// exportGradient, exportStep, positionMap, reproduce, inspect and check as library calls: what they give is what the commands write and print.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { check, inspect } from '../../src/api/check.js';
import { exportGradient, exportStep } from '../../src/api/export.js';
import { positionMap } from '../../src/api/position-map.js';
import { reproduce } from '../../src/api/reproduce.js';
import { repeatable } from '../../src/cli/io.js';
import { packageFile } from '../../src/core/version.js';
import { decodePixels } from '../../src/data/images.js';
import { toPlanes } from '../../src/data/planes.js';
import { openModel } from '../../src/model/open.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-files-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PICTURE = 'models/tank/pictures/tank/01.png';
const same = (a: string, b: string): boolean => readFileSync(at(a)).equals(readFileSync(at(b)));
const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

test('exportGradient: the file and the document of export-gradient', async () => {
  const { out } = await cli('export-gradient', 'tank', '--pixels', '--batch', '2', '--out', at('cli.onnx'), '--json');
  const exported = await exportGradient('tank', { pixels: true, batch: 2 });
  await exported.save(at('own.onnx'));
  expect(same('cli.onnx', 'own.onnx')).toBe(true);
  expect(exported.inputs.map((i) => [i.name, i.shape])).toEqual([['x', [2, 3, 64, 64]], ['target', [2, 2]]]); // prettier-ignore
  expect(parsed(JSON.stringify(exported.document(at('cli.onnx'))))).toEqual(parsed(out));
  writeFileSync(at('model.onnx'), readFileSync('models/tank/tank.onnx'));
  await expect((await exportGradient(at('model.onnx'))).save(at('model.onnx'))).rejects.toThrow('is the model itself');
});

test('exportStep: the file of export-step, with flat options; an opened model serves as well', async () => {
  await cli('export-step', 'tank', '--draws', '2', '--mask-grid', '8+16', '--beta', '3', '--out', at('cli-step.onnx'));
  const options = { draws: 2, maskGrids: [8, [16, 16]], beta: 3 } as const;
  await (await exportStep('tank', options)).save(at('own-step.onnx'));
  expect(same('cli-step.onnx', 'own-step.onnx')).toBe(true);
  const model = await openModel('tank', { engine: 'onnxruntime' });
  try {
    expect(Buffer.from((await exportStep(model, options)).bytes).equals(readFileSync(at('cli-step.onnx')))).toBe(true);
    await expect(exportStep(model, { ...options, at: 'relu' })).rejects.toThrow('`at` would be without effect');
  } finally {
    await model.dispose();
  }
});

test('positionMap: the files of grid, of a path, several, and pixels', async () => {
  const flags = ['--objects', PICTURE, '--object-size', '16', '--stride', '24', '--background', '90', '--label', 'tank'];
  await cli('grid', 'tank', ...flags, '--out', at('grid'));
  const options = { objectSize: 16, stride: 24, background: 90, label: 'tank' } as const;
  const map = await positionMap('tank', PICTURE, options);
  await map.save(at('map'));
  for (const name of ['grid.json', 'grid.csv', 'grid.png'])
    expect([name, same(`grid/${name}`, `map/${name}`)]).toEqual([name, true]);
  expect(parsed(JSON.stringify(map))).toEqual(parsed(readFileSync(at('map/grid.json'), 'utf8')));
  const photo = await decodePixels(PICTURE);
  const pixels = [{ channels: 3, height: photo.height, width: photo.width, pixels: toPlanes(photo, 3) }] as const;
  expect((await positionMap('tank', pixels, options)).positions).toEqual(map.positions);
  expect((await positionMap('tank', [PICTURE, PICTURE], options)).samples).toBe(2);
  const background = await positionMap('tank', [PICTURE], { ...options, background: PICTURE });
  expect(background.positions).toHaveLength(map.positions.length);
  await expect(positionMap('tank', PICTURE, { ...options, label: 'cat' })).rejects.toThrow('`label`: expected a class name');
  await expect(positionMap('tank', PICTURE, { ...options, background: 'absent.png' })).rejects.toThrow('`background`');
});

test('inspect and check take an opened model, in its shapes', async () => {
  const model = await openModel('tank', { batch: 2 });
  try {
    const [opened, path] = [await inspect(model), await inspect('tank')];
    expect(opened.inputs[0]!.shape).toEqual([2, 3, 64, 64]);
    expect([opened.sha256, opened.parameters]).toEqual([path.sha256, path.parameters]);
    const { agrees, outputs } = await check(model, { samples: 1, gradients: false });
    expect([agrees, outputs.length > 0]).toEqual([true, true]);
  } finally {
    await model.dispose();
  }
});

test('reproduce: the folder of the command; an abort leaves a checkpoint and says so', async () => {
  const config = parsed(readFileSync(packageFile('models', 'tank', 'experiment.json')!, 'utf8'));
  Object.assign(config['data'] as object, { size: 32, train: 32, test: 16 });
  Object.assign(config['classifier'] as object, { iterations: 12, batch: 8 });
  Object.assign(config['masks'] as object, { pictures: 1, iterations: 2, noiseSamples: 4, draws: 2, methods: 'gradient' });
  writeFileSync(at('small.json'), JSON.stringify(config));
  await expect(reproduce(at('small.json'), { out: at('own'), seed: 3, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'interrupted',
  });
  // While masks are learned, which then end early: their figures must not stand for those that were asked for.
  const late = new AbortController();
  const onPhase = (phase: string): void => void (phase.startsWith('masks of') && late.abort());
  const half = reproduce(at('small.json'), { out: at('own'), seed: 3, signal: late.signal, onPhase });
  await expect(half).rejects.toMatchObject({ code: 'interrupted' });
  expect(existsSync(join(at('own'), 'metrics.json'))).toBe(false);
  const argv = ['reproduce', at('small.json'), '--seed', '3', '--json'];
  const found = await reproduce(at('small.json'), { out: at('own'), seed: 3, repeat: repeatable(argv) });
  const { out } = await cli(...argv, '--out', at('cli'));
  expect(readdirSync(at('own')).sort()).toEqual(readdirSync(at('cli')).sort());
  for (const name of readdirSync(at('own'))) expect([name, same(`own/${name}`, `cli/${name}`)]).toEqual([name, true]);
  expect(parsed(JSON.stringify(found))['verdicts']).toEqual(parsed(out)['verdicts']);
});
