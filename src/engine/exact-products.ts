// Quantised products that are exact on every CPU: signed 8-bit factors written as unsigned ones, the same numbers with another zero point.
import { sizeOf, toNumbers, type DType, type Tensor } from '../core/tensor.js';
import { inlineFunctions } from '../onnx/functions.js';
import { makersOf, subgraphs, type Attribute, type Graph, type Model, type Node } from '../onnx/graph.js';
import { dtypeNumber } from '../onnx/tensors.js';

/** Where a node has a factor of its products, and that factor's zero point. */
interface Factor {
  readonly value: number;
  readonly zero: number;
}

/** The factors of every op that sums products of 8-bit numbers. DynamicQuantizeMatMul makes its first factor itself, as uint8. */
const PRODUCTS: Readonly<Record<string, readonly Factor[]>> = {
  MatMulInteger: [{ value: 0, zero: 2 }, { value: 1, zero: 3 }], // prettier-ignore
  ConvInteger: [{ value: 0, zero: 2 }, { value: 1, zero: 3 }], // prettier-ignore
  QLinearConv: [{ value: 0, zero: 2 }, { value: 3, zero: 5 }], // prettier-ignore
  QLinearMatMul: [{ value: 0, zero: 2 }, { value: 3, zero: 5 }], // prettier-ignore
  'com.microsoft.MatMulIntegerToFloat': [{ value: 0, zero: 4 }, { value: 1, zero: 5 }], // prettier-ignore
  'com.microsoft.DynamicQuantizeMatMul': [{ value: 1, zero: 3 }],
  'com.microsoft.QGemm': [{ value: 0, zero: 2 }, { value: 3, zero: 5 }], // prettier-ignore
};

const factorsOf = (node: Node): readonly Factor[] | undefined => PRODUCTS[node.domain ? `${node.domain}.${node.op}` : node.op];

/** Does the model multiply quantised numbers, or dequantise weights that onnxruntime may multiply as they are? */
export const hasQuantisedProducts = (model: Model): boolean =>
  [model.graph, ...model.functions].some(function quantised({ nodes }: { nodes: readonly Node[] }): boolean {
    return nodes.some((n) => factorsOf(n) !== undefined || n.op === 'DequantizeLinear' || subgraphs(n).some(quantised));
  });

/**
 * The model with every int8 factor that meets a uint8 one written as uint8: 128 is added to the factor and to its zero point, which changes no
 * difference of the two, and so no output. The same for int8 constants behind a DequantizeLinear, which onnxruntime fuses into such products.
 * A factor whose type does not show in the file stays. onnxruntime sums uint8 by uint8 exactly everywhere, but on x64 CPUs without VNNI it sums
 * uint8 by int8 in pairs of int16 that saturate. Functions are written out; everything else of the model stays.
 */
export function exactProducts(model: Model): Model {
  const flat = model.functions.length > 0 ? inlineFunctions(model) : model;
  return { ...flat, graph: exactGraph(flat.graph, new Map()) };
}

function exactGraph(graph: Graph, outer: ReadonlyMap<string, Tensor>): Graph {
  const constants = new Map([...outer, ...graph.constants]);
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' && node.domain === '' ? node.attributes['value'] : undefined;
    if (value?.kind === 'tensor') constants.set(node.outputs[0]!, value.value);
  }
  const declared = new Map(graph.inputs.map((i) => [i.name, i.type]));
  const producers = makersOf(graph.nodes);
  const made = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const shifted = new Map<string, string>();

  /** Of 8-bit values: what the file says, or the zero point of the node that quantises. */
  const typeOf = (name: string): DType | undefined => {
    const producer = producers.get(name);
    const zeroPoint = producer && { QuantizeLinear: 2, QLinearConv: 7, QLinearMatMul: 7 }[producer.op];
    const quantised = zeroPoint === undefined ? undefined : constants.get(producer!.inputs[zeroPoint] ?? '')?.type;
    return constants.get(name)?.type ?? declared.get(name) ?? graph.types.get(name)?.type ?? quantised;
  };
  const add = (name: string, tensor: Tensor): string => {
    made.set(name, tensor);
    return name;
  };
  const emit = (op: string, inputs: string[], output: string, attributes: Record<string, Attribute> = {}): string => {
    nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const cast = (value: string, type: DType, output: string): string =>
    emit('Cast', [value], output, { to: { kind: 'int', value: dtypeNumber(type) } });
  /** A name for value + 128 in uint8. */
  const shift = (name: string): string => {
    const known = shifted.get(name);
    if (known !== undefined) return known;
    const constant = constants.get(name);
    const [wide, sum] = [`${name} as int32`, `${name} as int32 + 128`];
    const result = constant
      ? add(`${name} + 128`, { type: 'uint8', dims: constant.dims, data: Uint8Array.from(toNumbers(constant), (v) => v + 128) })
      : cast(emit('Add', [cast(name, 'int32', wide), add('128 as int32', { type: 'int32', dims: [], data: Int32Array.of(128) })], sum), 'uint8', `${name} + 128`); // prettier-ignore
    shifted.set(name, result);
    return result;
  };
  const zeroPoint = (dims: readonly number[]): string =>
    add(`zero points of 128 [${dims.join()}]`, { type: 'uint8', dims, data: new Uint8Array(sizeOf(dims)).fill(128) });
  const replaced = (node: Node, { value, zero }: Factor, dims: readonly number[]): Node => {
    const inputs = Array.from({ length: Math.max(node.inputs.length, zero + 1) }, (_, i) => node.inputs[i] ?? '');
    inputs[value] = shift(inputs[value]!);
    inputs[zero] = inputs[zero] ? shift(inputs[zero]) : zeroPoint(dims);
    return { ...node, inputs };
  };

  for (const original of graph.nodes) {
    const entries = Object.entries(original.attributes);
    let node: Node = entries.some(([, a]) => a.kind === 'graph')
      ? { ...original, attributes: Object.fromEntries(entries.map(([k, a]) => [k, a.kind === 'graph' ? { ...a, value: exactGraph(a.value, constants) } : a])) } // prettier-ignore
      : original;
    const factors = factorsOf(node) ?? [];
    const types = factors.map(({ value, zero }) => typeOf(node.inputs[value] ?? '') ?? typeOf(node.inputs[zero] ?? ''));
    // int8 by int8 is exact as it is, and some ops have no kernel for int8 by uint8.
    if (factors.length === 1 || types.includes('uint8'))
      factors.forEach((factor, i) => {
        if (types[i] === 'int8') node = replaced(node, factor, []);
      });
    if (node.op === 'DequantizeLinear' && constants.get(node.inputs[0]!)?.type === 'int8') {
      const scale = constants.get(node.inputs[1]!);
      if (node.inputs[2] || scale) node = replaced(node, { value: 0, zero: 2 }, scale?.dims ?? []);
    }
    nodes.push(node);
  }
  return { ...graph, nodes, constants: new Map([...graph.constants, ...made]) };
}
