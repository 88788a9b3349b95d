// Is a value inside a model a map of the picture, whose rows and columns lie where the picture's do?
import { between } from '../compile/cut.js';
import { reads } from '../onnx/graph.js';
import type { Classifier } from './classifier.js';

/** Rows and columns that unpadded windows may cost. */
const SLACK = 2;

/**
 * [h, w] of the value at the hook point [N,C,h,w] where a path of maps leads to it from a picture: values whose last two axes have the picture's
 * proportions, whatever their number of axes (channels are shuffled in five). Undefined for everything else, such as attention [N,heads,T,T], which is
 * made of [N,T,E], and where there is no hook point. A map of one place says nothing about places, and is none.
 */
export function featureMap({
  card,
  graph,
  input,
  inputShape,
  output,
  hookPoint,
}: Pick<Classifier, 'card' | 'graph' | 'input' | 'inputShape' | 'output' | 'hookPoint'>): readonly [number, number] | undefined {
  if (!card || !hookPoint || hookPoint.dims.length !== 4) return undefined;
  const [, height, width] = inputShape as readonly [number, number, number];
  const isMap = (name: string): boolean => {
    const dims = graph.types.get(name)?.dims ?? [];
    const [h = 0, w = 0] = dims.slice(-2);
    return dims.length >= 4 && h * w > 1 && Math.abs((h * width) / height - w) <= SLACK;
  };
  const path = new Set(between(graph, input.name, output.name));
  const maps = new Set([input.name]);
  for (const node of graph.nodes) {
    if (!reads(node).some((n) => maps.has(n))) continue;
    for (const o of node.outputs) if (path.has(o) && isMap(o)) maps.add(o);
  }
  return maps.has(hookPoint.name) ? [hookPoint.dims[2]!, hookPoint.dims[3]!] : undefined;
}
