// Recurrent networks over a sequence: RNN, GRU and LSTM, each unrolled into the steps of its cell (kernels/recurrent.ts).
import { defineOp, float, floats, int, text, texts, type OpAdapter } from './op.js';
import { activationsOf } from './kernels/recurrent-activations.js';
import { canonicalRecurrent, unroll, unrolledDims } from './kernels/recurrent.js';

/** What all three ops have. `hidden_size` is not read: the weights tell. */
const attributes = {
  activation_alpha: floats(),
  activation_beta: floats(),
  activations: texts(),
  clip: float(),
  direction: text('forward'),
  hidden_size: int(),
  layout: int(0),
};
/** Before version 7: is Y asked for. It is computed where it is named. */
const legacy = { output_sequence: 'int' } as const;

const rnn = defineOp({
  op: 'RNN',
  versions: [1, 7, 14, 22],
  attributes,
  legacy,
  size: unrolledDims,
  grows: true,
  canonicalize: canonicalRecurrent,
  // h' = f(x W^T + h R^T + Wb + Rb)
  lower: (n, a, g) =>
    unroll(n, a.direction, g, (loop) => {
      const [f] = activationsOf(n, a, ['Tanh'], loop.directions, g) as [(x: string) => string];
      const B = n.x[3]!;
      const R = loop.weight(n.x[2]!, 0, 1);
      return {
        gates: 1,
        states: 1,
        ...(B ? { bias: g.add(loop.vector(B, 0, 1), loop.vector(B, 1, 2)) } : {}),
        step: (input, [h]) => [f(loop.multiply(h!, R, input))],
      };
    }),
});

const gru = defineOp({
  op: 'GRU',
  versions: [1, 3, 7, 14, 22],
  attributes: { ...attributes, linear_before_reset: int(0) },
  legacy,
  size: unrolledDims,
  grows: true,
  canonicalize: canonicalRecurrent,
  // Gates z, r, h: h' = (1 - z) c + z h with c = g(x Wh^T + (r h) Rh^T + Wbh + Rbh), or g(x Wh^T + r (h Rh^T + Rbh) + Wbh)
  lower: (n, a, g) =>
    unroll(n, a.direction, g, (loop) => {
      const [f, tanh] = activationsOf(n, a, ['Sigmoid', 'Tanh'], loop.directions, g) as [(x: string) => string, (x: string) => string]; // prettier-ignore
      const [R, B] = [n.x[2]!, n.x[3]!];
      const late = a.linear_before_reset !== 0;
      const [all, gates, candidate] = [loop.weight(R, 0, 3), loop.weight(R, 0, 2), loop.weight(R, 2, 3)];
      const vector = (from: number, to: number): string => loop.vector(B, from, to);
      const last = loop.directions === 2 ? 2 : 1;
      const bias = (): string => {
        const both = g.add(vector(0, 2), vector(3, 5));
        return g.op('Concat', [both, late ? vector(2, 3) : g.add(vector(2, 3), vector(5, 6))], { axis: last });
      };
      return {
        gates: 3,
        states: 1,
        ...(B ? { bias: bias() } : {}),
        step: (input, [h]) => {
          const [zr, x] = loop.split(input, [2, 1]) as [string, string];
          const [old, reset] = late ? (loop.split(loop.multiply(h!, all), [2, 1]) as [string, string]) : ['', ''];
          const [z, r] = loop.split(f(late ? g.add(zr, old) : loop.multiply(h!, gates, zr)), [1, 1]) as [string, string];
          const inner = late
            ? g.add(x, g.mul(r, B ? g.add(reset, vector(5, 6)) : reset))
            : loop.multiply(g.mul(r, h!), candidate, x);
          const c = tanh(inner);
          return [g.add(c, g.mul(z, g.sub(h!, c)))];
        },
      };
    }),
});

const lstm = defineOp({
  op: 'LSTM',
  versions: [1, 7, 14, 22],
  attributes: { ...attributes, input_forget: int(0) },
  legacy,
  size: unrolledDims,
  grows: true,
  canonicalize: canonicalRecurrent,
  // Gates i, o, f, c: c' = f c + i g(c gate); h' = o h(c'). Peepholes add P c to i and f, and P c' to o.
  lower: (n, a, g) =>
    unroll(n, a.direction, g, (loop) => {
      const [f, inner, outer] = activationsOf(n, a, ['Sigmoid', 'Tanh', 'Tanh'], loop.directions, g) as [
        (x: string) => string,
        (x: string) => string,
        (x: string) => string,
      ];
      const [B, P] = [n.x[3]!, n.x[7]!];
      const R = loop.weight(n.x[2]!, 0, 4);
      const [pi, po, pf] = P ? [0, 1, 2].map((i) => loop.vector(P, i, i + 1)) : [];
      const peep = (gate: string, p: string | undefined, c: string): string => f(p ? g.add(gate, g.mul(p, c)) : gate);
      return {
        gates: 4,
        states: 2,
        ...(B ? { bias: g.add(loop.vector(B, 0, 4), loop.vector(B, 4, 8)) } : {}),
        step: (input, [h, c]) => {
          const made = loop.multiply(h!, R, input);
          const [iof, candidate] = loop.split(made, [3, 1]) as [string, string];
          // Without peepholes the three gates are one value.
          const [i, o, forget] = loop.split(P ? iof : f(iof), [1, 1, 1]) as [string, string, string];
          const open = P ? peep(i, pi, c!) : i;
          const kept = a.input_forget ? g.sub(g.one, open) : P ? peep(forget, pf, c!) : forget;
          const next = g.add(g.mul(kept, c!), g.mul(open, inner(candidate)));
          return [g.mul(P ? peep(o, po, next) : o, outer(next)), next];
        },
      };
    }),
});

/** RNN, GRU and LSTM, in one direction or both, unrolled once shapes are bound; more than MOST_STEPS (kernels/recurrent.ts) are refused. */
export const recurrent: OpAdapter[] = [rnn, gru, lstm];
