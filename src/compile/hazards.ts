// Where a gradient may be infinite or a value NaN without the result being so: rules that multiply by 0 must then select.
import type { Hazard, OpAdapter } from '../../adapters/op.js';
import type { Graph } from '../onnx/graph.js';
import { adapterTable } from './static.js';

/** Values by what may come back to them, or what becomes of them. */
export interface Hazards {
  /** Values whose gradient may be infinite or NaN: element by element, an op behind them is `steep`. */
  readonly steep: ReadonlySet<string>;
  /** Values that an op behind them `selects`: it may leave them out, or tests for NaN. */
  readonly replaced: ReadonlySet<string>;
}

/**
 * Both in one walk from the outputs, by the adapters' `hazard`. An op that `mixes` its elements ends it: one infinite gradient becomes many behind
 * it, of either sign, and no selection before it saves the result. Constants are bounds and divisors that do not move.
 */
export function hazardsOf(graph: Graph, adapters: readonly OpAdapter[]): Hazards {
  const find = adapterTable(adapters);
  const steep = new Set<string>();
  const replaced = new Set<string>();
  for (const node of graph.nodes.toReversed()) {
    const told = find(node)?.hazard;
    const constant = (index: number) => graph.constants.get(node.inputs[index] ?? '');
    const hazard: Hazard | undefined = typeof told === 'function' ? told({ constant }) : told;
    const comes = (from: ReadonlySet<string>): boolean => hazard !== 'mixes' && node.outputs.some((o) => from.has(o));
    const isSteep = hazard === 'steep' || comes(steep);
    const isReplaced = hazard === 'selects' || comes(replaced);
    for (const x of node.inputs) {
      if (x === '' || graph.constants.has(x)) continue;
      if (isSteep) steep.add(x);
      if (isReplaced) replaced.add(x);
    }
  }
  return { steep, replaced };
}
