// A mask while it is learned: told to the page ten times a second, paused, changed and ended by it.
import type { AuditOptions } from '../../src/api/audit-options.js';
import { breathe } from '../../src/core/breathe.js';
import type { Tensor } from '../../src/core/tensor.js';
import { LanError, pixelsOf } from '../../src/web/index.js';
import type { FromWorker, PreviewShown, ToWorker } from './protocol.js';

type Watch = NonNullable<AuditOptions['watch']>;
type Live = Parameters<Watch>[0];

/** Milliseconds between two reports, and between two looks for messages. */
const REPORT = 100;
const LISTEN = 40;
/** Milliseconds between two previews, which cost a run of the model each. */
const PREVIEW = 400;

/** One run. */
export class LiveRun {
  private readonly ending = new AbortController();
  private paused = false;
  /** Goes on where it waits while paused: something was said. */
  private wake = (): void => undefined;
  private change: { beta?: number; noise?: string } | undefined;
  private share: number | undefined;
  private gaveUp = false;
  private listened = performance.now();
  private reported = { at: performance.now(), steps: 0 };
  private previewed = 0;

  constructor(
    private readonly say: (message: FromWorker, transfer?: Transferable[]) => void,
    /** Of a picture what white is, else how many elements a mask has. */
    private readonly shown: { readonly range?: 1 | 255; readonly elements?: number },
  ) {}

  /** After an abort the mask learned so far is measured. */
  readonly signal = this.ending.signal;

  /** Does what the page said while it runs. */
  control(message: Extract<ToWorker, { readonly type: 'pause' | 'resume' | 'change' | 'stop' }>): void {
    if (message.type === 'pause') this.paused = !this.ending.signal.aborted;
    else if (message.type === 'resume') this.paused = false;
    else if (message.type === 'change') {
      const { beta, noise, share } = message;
      if (share !== undefined) this.share = Math.min(1, Math.max(0, share));
      if (beta !== undefined || noise !== undefined)
        this.change = { ...this.change, ...(beta !== undefined && { beta }), ...(noise !== undefined && { noise }) };
    } else {
      this.gaveUp = this.ending.signal.aborted;
      this.ending.abort();
      this.paused = false;
    }
    this.wake();
  }

  /** Lets the page's messages in. Throws LanError (`interrupted`) where it gave up. */
  readonly listen = async (): Promise<void> => {
    this.listened = performance.now();
    await breathe();
    if (this.gaveUp) throw new LanError('interrupted', 'Stopped before there was a result.');
  };

  /** See AuditOptions.watch. */
  readonly watch: Watch = (live) => {
    const now = performance.now();
    const last = live.step + 1 === live.iterations;
    if (now - this.reported.at >= REPORT || last || live.step === 0) return this.tell(live, now);
    return now - this.listened >= LISTEN || this.change ? this.heed(live) : undefined;
  };

  private async tell(live: Live, now: number): Promise<Watched> {
    await this.show(live, now, now - this.previewed >= PREVIEW);
    return this.heed(live);
  }

  /** Says where it is; `look`: with what the model answers to the share that is wanted. */
  private async show(live: Live, now: number, look: boolean): Promise<void> {
    const { step, iterations, loss, maskMean, kept, beta, mask } = live;
    const { elements } = this.shown;
    const [height, width] = elements === undefined ? [mask.dims.at(-2)!, mask.dims.at(-1)!] : [1, elements];
    const stepsPerSecond = step === 0 ? 0 : (1000 * (step + 1 - this.reported.steps)) / (now - this.reported.at);
    this.reported = { at: now, steps: step + 1 };
    const attention = elements === undefined ? attentionOf(mask, height * width) : attentionByElement(mask, elements);
    const shown = { iteration: step + 1, of: iterations, loss, corruption: maskMean, kept, beta, height, width, stepsPerSecond };
    this.say({ type: 'step', ...shown, attention, ...(look && (await this.previewOf(live))) }, [attention.buffer]);
  }

  private async previewOf(live: Live): Promise<{ readonly preview?: PreviewShown }> {
    const { share, change } = this;
    if (share === undefined) return {};
    this.previewed = performance.now();
    const { seen, replaced, top } = await live.preview(share, change?.noise);
    const { elements, range = 255 } = this.shown;
    const shown = elements === undefined ? { seen: pixelsOf(seen, range) } : { replaced: wholly(replaced, elements) };
    return { preview: { share, top, ...shown } };
  }

  /** Waits while paused, and gives what was changed meanwhile. */
  private async heed(live: Live): Promise<Watched> {
    await this.listen();
    if (this.paused) {
      // The page is to show where it stands, not where it was last told of.
      if (this.reported.steps !== live.step + 1) await this.show(live, performance.now(), false);
      this.say({ type: 'paused' });
      for (let seen = this.share; this.paused;) {
        if (seen === this.share) await new Promise<void>((next) => (this.wake = next));
        if (this.paused && seen !== this.share) {
          seen = this.share;
          await this.show(live, performance.now(), true);
        }
      }
      this.say({ type: 'resumed' });
      this.reported = { at: performance.now(), steps: live.step + 1 };
    }
    const change = this.change;
    this.change = undefined;
    return change;
  }
}

type Watched = Awaited<ReturnType<Watch>>;

/** 1 for each element all of whose values are replaced. */
function wholly(replaced: Tensor, elements: number): Uint8Array {
  const values = replaced.data as Float32Array;
  const width = values.length / elements;
  return Uint8Array.from({ length: elements }, (_, i) => Number(values.subarray(i * width, (i + 1) * width).every((v) => v > 0)));
}

/** 1 - mask as [height,width]; of several channels their mean. */
export function attentionOf(mask: Tensor, area: number): Float32Array<ArrayBuffer> {
  const values = mask.data as Float32Array;
  const channels = values.length / area;
  const out = new Float32Array(area).fill(1);
  for (let i = 0; i < values.length; i++) out[i % area]! -= values[i]! / channels;
  return out;
}

/** 1 - mask, one an element of a text or a row; of the vector of a token the mean. */
export function attentionByElement(mask: Tensor, elements: number): Float32Array<ArrayBuffer> {
  const values = mask.data as Float32Array;
  const width = values.length / elements;
  const out = new Float32Array(elements).fill(1);
  for (let i = 0; i < values.length; i++) out[Math.floor(i / width)]! -= values[i]! / width;
  return out;
}
