// A document with every kind of block, whose texts are as hostile as names in a file can be.
import type { Block, ReportDocument } from '../../src/report/page/document.js';
import { legendOf, pngUrl } from '../../src/report/page/images.js';

/** What a label may be called to break out of a page, and to be long. */
export const HOSTILE = `</script><script>alert(1)</script><img src=x onerror="alert(2)"> "'&${'long'.repeat(30)}`;

const X = [0, 0.25, 0.5, 0.75, 1];
const SIDE = 16;

/** Every kind of block, once or more. */
export async function sample(): Promise<ReportDocument> {
  const plain = (grey: number): Promise<string> =>
    pngUrl({ width: SIDE, height: SIDE, pixels: new Uint8Array(3 * SIDE * SIDE).fill(grey) });
  const answer = (kept: boolean, p: number) => ({ kept, top: [['cat', p], [HOSTILE, 1 - p]] as [string, number][] }); // prettier-ignore
  const replace: Block = {
    type: 'replace',
    part: 'the picture',
    by: 'random colours',
    fractions: X,
    start: 3,
    before: answer(true, 0.9),
    answers: [X.map((x) => answer(x < 0.9, 1 - x)), X.map((x) => answer(x < 0.6, 1 - x))],
    picture: {
      width: SIDE,
      height: SIDE,
      image: 'white',
      noises: ['black', 'grey'],
      channels: 1,
      steps: Buffer.from(Uint8Array.from({ length: SIDE * SIDE }, (_, i) => 1 + Math.floor((4 * i) / (SIDE * SIDE)))).toString('base64'), // prettier-ignore
    },
  };
  const words: Block = {
    type: 'replace',
    part: 'the text',
    by: 'random other words',
    fractions: X,
    start: 2,
    before: { kept: true, top: [['', 12.5]] },
    answers: [X.map((x) => ({ kept: x < 0.6, top: [['', 12.5 - x]] }))],
    words: ['a', 'word', HOSTILE].map((text, i) => ({ text, step: i + 1 })),
  };
  const legend = legendOf('replaceable', 'needed', 'words');
  const blocks: Block[] = [
    { type: 'heading', text: HOSTILE },
    { type: 'text', text: HOSTILE, tone: 'claim' },
    { type: 'text', text: HOSTILE, tone: 'caution' },
    { type: 'text', text: HOSTILE, tone: 'quiet' },
    { type: 'pictures', legend, pictures: ['white', 'grey'].map((image) => ({ image, alt: HOSTILE, captions: [HOSTILE, HOSTILE] })) }, // prettier-ignore
    replace,
    words,
    { type: 'words', legend, words: X.map((need, i) => ({ text: i === 2 ? HOSTILE : `word ${i}`, need, title: HOSTILE })) },
    {
      type: 'plot',
      title: HOSTILE,
      summary: HOSTILE,
      x: { label: 'fraction', percent: true, domain: [0, 1] },
      y: { label: HOSTILE },
      series: [
        { name: HOSTILE, kind: 'line', x: X, y: [1, null, 3, 2, 5] },
        { name: 'points', kind: 'points', x: X, y: X, low: X.map((x) => x - 0.2), high: X.map((x) => x + 0.2) },
      ],
    },
    {
      type: 'table',
      caption: HOSTILE,
      columns: [{ name: HOSTILE }, { name: 'value', numeric: true }, { name: 'part', numeric: true, percent: true }],
      rows: Array.from({ length: 20 }, (_, i) => [i % 2 ? HOSTILE : `row ${i}`, (i * 7) % 20, i === 3 ? null : i / 20]),
    },
    {
      type: 'gallery',
      figures: [{ name: 'replaceable', percent: true }, { name: 'sure' }],
      items: Array.from({ length: 70 }, (_, i) => ({
        title: i === 0 ? HOSTILE : `picture ${i}`,
        ...(i % 5 ? { href: `picture-${i}/report.html` } : {}),
        image: i % 2 ? 'grey' : 'black',
        captions: [i % 3 ? 'cat' : 'dog'],
        figures: [i === 4 ? null : i / 70, (i * 31) % 70],
        tags: i % 10 ? [] : ['proves little'],
      })),
    },
    { type: 'verdicts', verdict: 'fail', meaning: HOSTILE, tests: (['pass', 'fail', 'inconclusive'] as const).map((verdict) => ({ name: verdict, verdict, finding: HOSTILE })) }, // prettier-ignore
    { type: 'facts', facts: [['name', HOSTILE]] },
    { type: 'code', label: 'This repeats it:', text: HOSTILE },
    { type: 'choice', label: 'beta', options: ['1', '2', '3'].map((name) => ({ name, blocks: [{ type: 'text', text: `chosen ${name}` }] })) }, // prettier-ignore
    { type: 'details', summary: 'More', blocks: [{ type: 'text', text: 'folded' }] },
  ];
  return {
    schema: 'lan-onnx/report@1',
    command: 'audit',
    version: '0.0.0',
    title: HOSTILE,
    claim: HOSTILE,
    cautions: [HOSTILE],
    blocks,
    images: { white: await plain(255), grey: await plain(128), black: await plain(0) },
  };
}
