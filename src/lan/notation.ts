// The paper's notation for networks, "Conv(10, 2, 4x4, lrelu), FC(10, softmax)", read into layers (Appendix, Eq. 5).
import { LanError } from '../core/errors.js';

/** Activations that the notation knows; lrelu has a factor of 0.2 below 0. */
export const ACTIVATIONS = ['lrelu', 'relu', 'tanh', 'sigmoid', 'softmax', 'linear'] as const;

/** One of ACTIVATIONS. */
export type Activation = (typeof ACTIVATIONS)[number];

/** One layer of a network; sizes are whole numbers above 0. */
export type Layer =
  /** Convolution or its transpose, padded as TensorFlow's SAME: the output has ceil(size / stride), or size * stride, rows and columns. */
  | {
      readonly kind: 'Conv' | 'ConvTrans';
      readonly filters: number;
      readonly stride: number;
      readonly kernel: readonly [rows: number, columns: number];
      readonly activation: Activation;
    }
  /** Fully connected, on whatever comes in made flat. */
  | { readonly kind: 'FC'; readonly units: number; readonly activation: Activation }
  /** In training each element is dropped with this probability, the others are scaled up; elsewhere it does nothing. */
  | { readonly kind: 'Dropout'; readonly rate: number }
  /** Local response normalisation over `size` channels, ONNX's: x / (bias + alpha / size * sum of squares) ^ beta. */
  | { readonly kind: 'LRN'; readonly size: number; readonly alpha: number; readonly beta: number; readonly bias: number }
  /** The mean of the words' embeddings, from word counts: x E / sum(x), a document without words counting as one word long. */
  | { readonly kind: 'Average'; readonly units: number };

const FORMS = {
  Conv: 'Conv(filters, stride, 4x4, activation)',
  ConvTrans: 'ConvTrans(filters, stride, 4x4, activation)',
  FC: 'FC(units, activation)',
  Dropout: 'Dropout(rate)',
  LRN: 'LRN(size[, alpha, beta, bias])',
  Average: 'Average(dimensions)',
} as const;

/**
 * Layers of a network, in the order of the text; commas, semicolons, arrows or line ends between them. Throws LanError that quotes the part which
 * cannot be read and says the form expected.
 */
export function parseLayers(written: string): Layer[] {
  // The paper puts filter sizes in brackets of their own: Conv(10, 2, (4 x 4), ...).
  const text = written.replace(/\(\s*(\d+)\s*[x×]\s*(\d+)\s*\)/gi, '$1x$2');
  const layers: Layer[] = [];
  const pattern = /\s*([A-Za-z]+)\s*\(([^()]*)\)\s*(?:,|;|->|$|(?=\s))\s*/y;
  while (pattern.lastIndex < text.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match)
      throw new LanError(
        'usage',
        `Network: cannot read '${text.slice(from, from + 40)}'. Expected ${Object.values(FORMS).join(', ')}.`,
      );
    layers.push(layer(match[1]!, match[2]!));
  }
  if (layers.length === 0)
    throw new LanError('usage', `Network: no layer in '${text}'. Expected e.g. FC(100, lrelu), FC(784, sigmoid).`);
  return layers;
}

function layer(kind: string, inner: string): Layer {
  const fields = inner.split(',').map((f) => f.trim());
  const written = `${kind}(${fields.join(', ')})`;
  const form = FORMS[kind as keyof typeof FORMS];
  if (!form) throw new LanError('usage', `Network: no layer is called '${kind}'. Expected ${Object.values(FORMS).join(', ')}.`);
  const refuse = (): never => {
    throw new LanError('usage', `Network: '${written}' does not have the form ${form}.`);
  };
  const whole = (text: string | undefined): number => {
    const value = Number(text);
    return text !== '' && Number.isSafeInteger(value) && value > 0 ? value : refuse();
  };
  const real = (text: string | undefined): number => (text && Number.isFinite(Number(text)) ? Number(text) : refuse());
  const activation = (text = ''): Activation =>
    ACTIVATIONS.find((a) => a === text.toLowerCase().replace(/^(l|leaky)-?relu$/, 'lrelu')) ?? refuse();
  const count = (least: number, most = least): void => {
    if (fields.length < least || fields.length > most) refuse();
  };
  switch (kind as keyof typeof FORMS) {
    case 'Conv':
    case 'ConvTrans': {
      count(4);
      const [, rows, columns] = /^(\d+)\s*[x×]\s*(\d+)$/i.exec(fields[2]!) ?? refuse();
      return {
        kind: kind as 'Conv',
        filters: whole(fields[0]),
        stride: whole(fields[1]),
        kernel: [whole(rows), whole(columns)],
        activation: activation(fields[3]),
      };
    }
    case 'FC':
      count(2);
      return { kind: 'FC', units: whole(fields[0]), activation: activation(fields[1]) };
    case 'Dropout': {
      count(1);
      const rate = real(fields[0]);
      return rate >= 0 && rate < 1 ? { kind: 'Dropout', rate } : refuse();
    }
    case 'LRN': {
      count(1, 4);
      // Defaults of ONNX (LRN-13), which are those of most frameworks.
      const [alpha = 1e-4, beta = 0.75, bias = 1] = fields.slice(1).map(real);
      return { kind: 'LRN', size: whole(fields[0]), alpha, beta, bias };
    }
    case 'Average':
      count(1);
      return { kind: 'Average', units: whole(fields[0]) };
  }
}
