// Stands in for the worker where a test is about the page alone: answers as web/app/protocol.ts says, and does what the names of files ask for.
import type { Answer, CardShown, FromWorker, Pixels, ToWorker } from '../../web/app/protocol.js';

const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: { data: ToWorker }) => void;
  crossOriginIsolated: boolean;
};
const say = (message: FromWorker): void => scope.postMessage(message);
const wait = (ms: number): Promise<void> => new Promise((next) => void setTimeout(next, ms));

const STEPS = 200;
const SIDE = 64;
const LABELS = ['no tank', 'tank', 'lorry'];
const NOISES = ['uniform', 'gaussian', 'blur', 'constant:0'];
const CARD: CardShown = {
  card: { layout: 'NCHW', size: [SIDE, SIDE], channels: 'RGB', range: 255, mean: [127.5], std: [64] },
  lines: [
    { field: 'layout', value: 'NCHW', by: 'file', reason: 'the shape of the input' },
    { field: 'mean', value: '127.5', by: 'assumed', reason: 'nobody says' },
  ],
};

let audits = 0;
let frames = 0;
let paused = false;
let stops = 0;
/** Is evidence measured until somebody has had enough? */
let lasting = false;
/** Is there time for whatever a test does while it learns? */
let long = false;
/** Is it measured in a kernel that never ends? */
let deaf = false;
let share = 0;
let beta = 2;

const pixels = (colour: (i: number) => readonly number[]): Pixels => {
  const rgba = new Uint8ClampedArray(4 * SIDE * SIDE).fill(255);
  for (let i = 0; i < SIDE * SIDE; i++) rgba.set(colour(i), 4 * i);
  return { width: SIDE, height: SIDE, rgba };
};
const answers = (...probabilities: number[]): Answer[] =>
  probabilities.map((probability, index) => ({ label: LABELS[index]!, index, probability })).sort((a, b) => b.probability - a.probability); // prettier-ignore

function open({ files, card, id, trust }: Extract<ToWorker, { type: 'open' }>): void {
  const file = files.find((f) => f.name.endsWith('.onnx'))!;
  if (file.name.includes('broken')) {
    const problem = `Model '${file.name}': not a readable ONNX file.`;
    return say({ type: 'failed', during: 'open', id, code: 'model', problem, advice: 'Is it truncated, or another format?' });
  }
  if (file.name.includes('endless') && !trust) {
    say({ type: 'limit', seconds: 18, name: file.name });
    for (;;);
  }
  lasting = file.name.includes('lasting');
  deaf = file.name.includes('deaf');
  long = file.name.includes('long');
  const value = (name: string, shape: number[]) => ({ name, type: 'float32' as const, declared: shape, shape });
  // As the real one, it hears nothing meanwhile.
  if (file.name.includes('slow')) for (const end = Date.now() + 400; Date.now() < end;);
  say({
    type: 'opened',
    id,
    model: {
      name: file.name,
      kind: file.name.includes('lan') ? 'explainer' : 'classifier',
      takes: file.name.includes('text') ? 'text' : file.name.includes('table') ? 'row' : 'picture',
      inputs: [value('x', [1, 3, SIDE, SIDE])],
      outputs: [value('y', [1, 3])],
      opsets: { 'ai.onnx': 18 },
      producer: 'a test',
      parameters: 12_345,
      macs: 1e6,
      bytes: file.bytes.length,
      sha256: file.name,
      ops: ['Conv', 'Relu', 'Gemm'].map((op, i) => ({ op, count: i + 1, becomes: [op] })),
      unsupported: file.name.includes('odd') ? ["Op 'Odd' (node 'a') is not known", "Op 'Queer' (node 'b') is not known"] : [],
      classes: 3,
      labels: card?.labels ?? LABELS,
    },
    card: CARD,
    notes: [`files: ${files.map((f) => f.name).join(', ')}`],
    engine: { name: 'onnxruntime', backend: 'wasm', version: '1.30.0', threads: 2 },
  });
}

async function audit(): Promise<void> {
  const me = ++audits;
  stops = 0;
  say({ type: 'phase', text: 'compiling' });
  await wait(20);
  say({ type: 'checked', agreement: 1e-6 });
  say({ type: 'phase', text: 'learning the mask' });
  for (let iteration = 1; iteration <= STEPS && stops === 0; iteration++) {
    await wait(long ? 150 : 15);
    while (paused && stops === 0) await wait(5);
    if (me !== audits) return;
    const width = 70 - (60 * iteration) / STEPS;
    const attention = Float32Array.from({ length: SIDE * SIDE }, (_, i) =>
      Math.max(0, 1 - Math.hypot((i % SIDE) - 40, i / SIDE - 20) / width),
    );
    const preview = { share, top: answers(share / 2, 1 - share, share / 2), seen: pixels(() => [200, 200, 200]) };
    if (iteration === 90) say({ type: 'note', text: 'what is noticed while it learns' });
    say({ type: 'step', iteration, of: STEPS, loss: 3 / iteration, corruption: iteration / STEPS, kept: 1, beta, attention, height: SIDE, width: SIDE, stepsPerSecond: 41.7, ...(share > 0 && { preview }) }); // prettier-ignore
  }
  say({ type: 'phase', text: 'measuring evidence' });
  if (deaf) for (;;);
  // However busy the machine is, there is something to give up where a test wants that.
  const before = stops;
  for (let ms = 0; ms < (lasting ? 20_000 : 500) && stops === before; ms += 20) await wait(20);
  if (stops > 1) return say({ type: 'failed', during: 'audit', code: 'interrupted', problem: 'Stopped on request.' });
  say({
    type: 'finding',
    document: {
      schema: 'lan-onnx/report@1',
      command: 'audit',
      version: '0.0.0',
      title: 'x',
      claim: '5 % of the picture was enough.',
      cautions: ['It proves little.'],
      blocks: [
        { type: 'heading', text: 'Details' },
        { type: 'text', text: 'as measured' },
      ],
      images: {},
    },
    files: [{ name: 'audit.json', type: 'application/json', bytes: new TextEncoder().encode('{"fake":true}') }],
    seconds: 1.25,
  });
}

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case 'open':
      // Not caught: the worker ends, as it does when its memory is full.
      if (data.files.some((f) => f.name.includes('crash')))
        setTimeout(() => { throw new Error('crash'); }); // prettier-ignore
      else open(data);
      return;
    case 'picture':
      say({ type: 'predicted', name: data.name, top: answers(0.1, 0.7, 0.2), seen: pixels((i) => [...data.rgba.subarray(4 * (i % (data.width * data.height)), 4 * (i % (data.width * data.height)) + 3)]), card: CARD, noises: NOISES, notes: [], cautions: [] }); // prettier-ignore
      return;
    case 'card': {
      const channels = data.card.input?.channels ?? 'RGB';
      say({ type: 'predicted', name: 'again', top: answers(0.6, 0.3, 0.1), seen: pixels(() => [0, 0, 255]), card: { ...CARD, card: { ...CARD.card, ...data.card.input } }, noises: NOISES, notes: [`channels ${channels}`], cautions: channels === 'GREY' ? ['The model is unsure.'] : [] }); // prettier-ignore
      return;
    }
    case 'explain-once':
      say({ type: 'explained', id: data.id, attention: new Float32Array(SIDE * SIDE).fill((frames++ % 10) / 10), height: SIDE, width: SIDE, seconds: 0.004 }); // prettier-ignore
      return;
    case 'text':
      say({ type: 'predicted', name: 'text', top: [{ label: data.text, index: 0, probability: 0.9 }], pieces: [{ text: data.text, from: 0, to: 1 }], noises: NOISES, notes: [], cautions: [] }); // prettier-ignore
      return;
    case 'row':
      say({ type: 'predicted', name: 'row', top: [{ label: `${data.csv.name} ${data.row} ${data.columns?.join() ?? ''}`, index: 0, probability: 0.9 }], pieces: [], noises: NOISES, notes: [], cautions: [] }); // prettier-ignore
      return;
    case 'audit':
      void audit();
      return;
    case 'pause':
    case 'resume':
      paused = data.type === 'pause';
      say({ type: paused ? 'paused' : 'resumed' });
      return;
    case 'stop':
      stops++;
      return;
    case 'change':
      share = data.share ?? share;
      beta = data.beta ?? beta;
      say({ type: 'note', text: `changed ${JSON.stringify(data)}` });
      return;
    default:
  }
};

say({ type: 'ready', isolated: scope.crossOriginIsolated, threads: 2, webgpu: false, version: '0.0.0' });
