// The page of each command, made by it from a small model: from disk and without network it is whole, complains of nothing, is in reach of the keyboard and of axe-core, and prints.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { cli } from '../support/command.js';
import { launch, root, SCREENS, seriousFaults, shots, tooWide } from './browser.js';
import { brokenPictures, byKeyboard, openFromDisk, printedPages } from './disk.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-pages-'));
const at = (name: string): string => join(folder, name);
const pictures = join(root, 'models/tank/pictures');
const [one, two] = ['05', '07'].map((n) => join(pictures, `tank/${n}.png`)) as [string, string];
const tank = join(root, 'models/tank/tank.onnx');
const QUICK = ['--iterations', '6', '--draws', '2', '--threads', '1'];

/** An experiment of two photos, in miniature. */
function experiment(): string {
  const config = JSON.parse(readFileSync(join(root, 'models/imagenet/experiment.json'), 'utf8')) as { masks: object };
  Object.assign(config.masks, { iterations: 4, evidenceDraws: 16 });
  writeFileSync(at('experiment.json'), JSON.stringify(config));
  return at('experiment.json');
}

/** What is typed for each page, where the page is then, how many sheets it takes at most, and what it has to show. */
const PAGES: Readonly<Record<string, readonly [argv: () => string[], page: string, sheets: number, shows: string]>> = {
  compare: [() => ['compare', tank, '--image', one, '--methods', 'lan,gradcam,occlusion', '--draws', '2', '--threads', '1', '--budget', '1', '--evidence-draws', '32', '--out', at('compare')], 'compare/05/report.html', 8, 'table'],
  diff: [() => ['diff', tank, at('other.onnx'), '--image', one, '--iterations', '2', '--threads', '1', '--evidence-draws', '16', '--out', at('diff')], 'diff/report.html', 6, 'img'],
  score: [() => ['score', tank, '--data', pictures, '--limit', '8', '--out', at('score')], 'score/report.html', 6, 'table'],
  grid: [() => ['grid', tank, '--objects', one, '--background', 'noise', '--stride', '24', '--label', 'tank', '--out', at('grid')], 'grid/report.html', 4, 'img'],
  check: [() => ['check', tank, '--samples', '2', '--report', at('check.html')], 'check.html', 4, '.verdicts'],
  train: [() => ['train', tank, '--data', pictures, '--iterations', '4', '--batch', '2', '--validation', '0.25', '--out', at('lan.onnx')], 'lan.report.html', 6, '.plot svg'],
  reproduce: [() => ['reproduce', experiment(), '--model', tank, '--images', one, two, '--out', at('run')], 'run/report.html', 8, 'img'],
  'audit of several': [() => ['audit', tank, '--image', one, two, ...QUICK, '--quick', '--out', at('many')], 'many/report.html', 6, 'img'],
}; // prettier-ignore

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
  copyFileSync(tank, at('other.onnx'));
  copyFileSync(join(root, 'models/tank/tank.card.json'), at('other.card.json'));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each(Object.keys(PAGES))(
  '%s',
  async (name) => {
    const [argv, path, sheets, shows] = PAGES[name]!;
    const { code, err } = await cli(...argv());
    expect([code === 2 ? err : '', existsSync(at(path))]).toEqual(['', true]);
    expect(statSync(at(path)).size).toBeLessThan(3e6);
    for (const [what, options] of SCREENS) {
      const { page, faults } = await openFromDisk(browser, at(path), options);
      await page.screenshot({ path: join(shots, `${name}, ${what}.png`), fullPage: true });
      expect([what, await page.locator('h1').count(), await brokenPictures(page), await tooWide(page)]).toEqual([what, 1, 0, 0]);
      expect(await page.locator(shows).count()).toBeGreaterThan(0);
      if (what === SCREENS[0][0]) {
        expect((await byKeyboard(page)).unreached).toEqual([]);
        const printed = await printedPages(page);
        expect([printed >= 1, printed <= sheets, printed]).toEqual([true, true, printed]);
      }
      expect(await seriousFaults(page)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    }
  },
  120_000,
);
