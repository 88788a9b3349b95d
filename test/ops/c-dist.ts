import { defineOp, text } from '../../src/ops.js';

const domain = 'com.microsoft';

/** Squared distances of the rows of a [N, D] and b [M, D]: y [N, M], y_ij = |a_i - b_j|^2. */
export const cDist = defineOp({
  op: 'CDist',
  domain,
  versions: [1],
  attributes: { metric: text('sqeuclidean') },
  size: (n) => [[n.dims(0)[0]!, n.dims(1)[0]!]],
  grows: true, // N + M rows in, N M numbers out
  macs: (n) => n.type(0).dims[0]! * n.type(1).dims[0]! * n.type(0).dims[1]!,
  hazard: 'mixes', // each distance is a sum over a row
  // Distances are roots of squared ones, so one rule does for both.
  canonicalize: (n, g) => {
    const metric = n.attr<string>('metric') ?? 'sqeuclidean';
    if (metric === 'sqeuclidean') return undefined;
    if (metric !== 'euclidean') return n.refuse(`expected metric sqeuclidean or euclidean, received '${metric}'.`);
    return g.op('Sqrt', [g.op('CDist', [n.x[0]!, n.x[1]!], { metric: 'sqeuclidean' }, domain)]);
  },
  forward: ([a, b], _, { tf }) => [tf.sum(tf.square(tf.sub(tf.expandDims(a!, 1), tf.expandDims(b!, 0))), 2)],
  // dL/da_i = 2 sum over j of dy_ij (a_i - b_j), and dL/db_j likewise, by the columns of dy.
  vjp: ({ x: [a, b], dy: [dy], needs }, _, g) => {
    const pull = (p: string, q: string, d: string): string =>
      g.mul(g.scalar(2), g.sub(g.mul(p, g.reduceSum(d, [1], true)), g.matMul(d, q)));
    return [needs[0] ? pull(a!, b!, dy!) : undefined, needs[1] ? pull(b!, a!, g.transpose(dy!, [1, 0])) : undefined];
  },
});
