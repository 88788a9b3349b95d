// The largest sample of a PNG of 16 bits: a browser gives 8 of them, from which nobody can tell what the file had.

/** Colour types of PNG by number: samples of a pixel, and how many of them are colours. */
const SAMPLES: Readonly<Record<number, readonly [all: number, colours: number]>> = { 0: [1, 1], 2: [3, 3], 4: [2, 1], 6: [4, 3] };

/** Where the seven passes of an interlaced picture begin, and how far apart their pixels are: x, y, dx, dy. */
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]] as const; // prettier-ignore

/** The largest colour sample of a PNG of 16 bits, its opacity aside; undefined where the file is none, or is cut short. */
export async function largestSample(bytes: Uint8Array): Promise<number | undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const samples = SAMPLES[view.getUint8(25)];
  if (view.getUint8(24) !== 16 || !samples) return undefined;
  const passes = view.getUint8(28) === 1 ? PASSES : ([[0, 0, 1, 1]] as const);
  const lines = passes.flatMap(([x, y, dx, dy]) => {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    return columns > 0 && rows > 0 ? [{ rows, length: 2 * samples[0] * columns }] : [];
  });
  const reader = new Lines(lines, samples);
  try {
    const unpacked = inflated(bytes, view).getReader();
    for (let { done, value } = await unpacked.read(); !done; { done, value } = await unpacked.read()) reader.take(value!);
  } catch {
    return undefined;
  }
  return reader.largest;
}

/** What the IDAT chunks hold, unpacked. */
function inflated(bytes: Uint8Array, view: DataView): ReadableStream<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at))
    if (view.getUint32(at + 4) === 0x49444154) parts.push(bytes.slice(at + 8, at + 8 + view.getUint32(at)));
  return new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate')) as ReadableStream<Uint8Array>;
}

/** Lines of samples as they come, each behind a byte that says how it was filtered. */
class Lines {
  largest = 0;
  private pass = 0;
  private row = 0;
  private line: Uint8Array;
  private above: Uint8Array;
  private at = 0;
  private readonly step: number;

  constructor(
    private readonly passes: readonly { readonly rows: number; readonly length: number }[],
    private readonly samples: readonly [all: number, colours: number],
  ) {
    this.step = 2 * samples[0];
    [this.line, this.above] = this.begun();
  }

  take(part: Uint8Array): void {
    for (let from = 0; from < part.length && this.pass < this.passes.length;) {
      const more = Math.min(part.length - from, this.line.length - this.at);
      this.line.set(part.subarray(from, from + more), this.at);
      [this.at, from] = [this.at + more, from + more];
      if (this.at === this.line.length) this.ended();
    }
  }

  private begun(): [Uint8Array, Uint8Array] {
    const length = 1 + (this.passes[this.pass]?.length ?? 0);
    return [new Uint8Array(length), new Uint8Array(length)];
  }

  private ended(): void {
    this.unfilter();
    const { line, step, samples } = this;
    for (let i = 1; i < line.length; i += step)
      for (let c = 0; c < samples[1]; c++) this.largest = Math.max(this.largest, line[i + 2 * c]! * 256 + line[i + 2 * c + 1]!);
    [this.line, this.above, this.at] = [this.above, line, 0];
    if (++this.row < this.passes[this.pass]!.rows) return;
    [this.pass, this.row] = [this.pass + 1, 0];
    [this.line, this.above] = this.begun();
  }

  /** PNG's five filters (ISO/IEC 15948, section 9). */
  private unfilter(): void {
    const { line, above, step } = this;
    const filter = line[0]!;
    if (filter === 0) return;
    for (let i = 1; i < line.length; i++) {
      const left = i > step ? line[i - step]! : 0;
      const up = above[i]!;
      const corner = i > step ? above[i - step]! : 0;
      line[i]! += filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : nearest(left, up, corner);
    }
  }
}

/** Paeth's: of the three the one that is nearest to left + up - corner. */
function nearest(left: number, up: number, corner: number): number {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
