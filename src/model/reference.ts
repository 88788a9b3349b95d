// The reference: onnxruntime on the original, untouched bytes, in the float types of the file behind a float32 surface.
import { upstreamOf, downstreamOf } from '../compile/cut.js';
import { LanError, messageOf } from '../core/errors.js';
import type { DType } from '../core/tensor.js';
import { dialectModel, openModelSession, openOriginal, type OrtOptions, type OrtProgram } from '../engine/ort.js';
import { inlineFunctions } from '../onnx/functions.js';
import { subgraphs, type Graph, type Model } from '../onnx/graph.js';
import { dtypeOf } from '../onnx/tensors.js';
import { inFloat32 } from './float-types.js';
import { withoutMaps } from './maps.js';
import type { ModelSource } from './source.js';

/** onnxruntime on the original file. */
export interface Reference {
  /** Takes floats in float32 (or the file's type) and gives them in float32. */
  readonly program: OrtProgram;
  /** What it runs: the file's model, or the canonical form. */
  readonly model: Model;
  /** Set where onnxruntime cannot run the file: why, in its words. `program` then runs the canonical form. */
  readonly refused?: string;
}

/**
 * Opens the original in onnxruntime (without its maps), or, where that refuses it, the canonical graph. `part` cuts a piece out of either: the rest of the file goes
 * into onnxruntime as it is, at its own opset. `canonicalBecause`: the file is known to be of no use as a reference, and why.
 */
export async function openReference(
  source: ModelSource,
  canonical: Graph,
  options: OrtOptions & { readonly canonicalBecause?: string },
  part?: (graph: Graph) => Graph,
): Promise<Reference> {
  const canonicalForm = async (refused: string): Promise<Reference> => {
    const model = dialectModel(part ? part(canonical) : canonical);
    return { program: await openModelSession(model, options), model, refused };
  };
  if (options.canonicalBecause !== undefined) return canonicalForm(options.canonicalBecause);
  try {
    // Values inside functions have a name only once these are written out.
    const whole = withoutMaps(source.model);
    const flat = part ? inlineFunctions(whole) : whole;
    const model = part ? { ...flat, graph: part(flat.graph) } : flat;
    // onnxruntime's JavaScript tensors know no bfloat16.
    const closed = [...model.graph.inputs, ...model.graph.outputs].find((v) => v.type === 'bfloat16');
    if (closed)
      throw new LanError(
        'input',
        `'${closed.name}' is bfloat16, which onnxruntime neither takes from JavaScript nor gives to it.`,
      );
    const changed = part || whole !== source.model || source.columns;
    const program = changed ? await openModelSession(model, options) : await openOriginal(source, options);
    return { program: inFloat32(program, model), model };
  } catch (error) {
    return canonicalForm(messageOf(error));
  }
}

/**
 * The reference, opened when it is first run: a large model is then open for gradients in half the time, and held once less. Where onnxruntime
 * may well refuse the file it is opened at once, so that `refused` is known; where it refuses it later all the same, `onRefused` is told.
 */
export async function openReferenceLater(
  source: ModelSource,
  canonical: Graph,
  options: OrtOptions,
  onRefused: (reason: string) => void,
): Promise<Reference> {
  const model = withoutMaps(source.model);
  if (mayBeRefused(model)) return openReference(source, canonical, options);
  let opening: Promise<OrtProgram> | undefined;
  const open = async (): Promise<OrtProgram> => {
    const { program, refused } = await openReference(source, canonical, options);
    if (refused) onRefused(refused);
    return program;
  };
  const opened = (): Promise<OrtProgram> => (opening ??= open());
  const program: OrtProgram = {
    inputNames: model.graph.inputs.map((i) => i.name),
    outputNames: model.graph.outputs.map((o) => o.name),
    outputTypes: model.graph.outputs.map((o) => o.type),
    run: async (feeds, wanted) => (await opened()).run(feeds, wanted),
    runInto: async (feeds, wanted, into) => (await opened()).runInto(feeds, wanted, into),
    dispose: async () => (await opening?.catch(() => undefined))?.dispose(),
  };
  return { program, model };
}

/** The first opset that onnxruntime supports as a whole, and the domains that it knows. */
const FIRST_OPSET = 7;
const DOMAINS: ReadonlySet<string> = new Set(['', 'ai.onnx.ml', 'com.microsoft']);

/** Has this file something that onnxruntime is known to refuse in part: an old opset, a foreign domain, another float type than float32? */
function mayBeRefused(model: Model): boolean {
  const opset = model.opsets.get('');
  if ((opset !== undefined && opset < FIRST_OPSET) || [...model.opsets.keys()].some((domain) => !DOMAINS.has(domain)))
    return true;
  const odd = (type: DType | undefined): boolean => type !== undefined && /float|complex/.test(type) && type !== 'float32';
  const makesOdd = (graph: Graph): boolean =>
    [...graph.inputs, ...graph.outputs, ...graph.constants.values(), ...graph.types.values()].some((v) => odd(v.type)) ||
    graph.nodes.some((n) => Object.values(n.attributes).some((a) => a.kind === 'tensor' && odd(a.value.type))) ||
    graph.nodes.some((n) => n.op === 'Cast' && odd(dtypeOf(n.attributes['to']?.value as number | undefined))) ||
    graph.nodes.some((n) => subgraphs(n).some(makesOdd));
  // Bodies of functions are not looked into.
  return model.functions.length > 0 || makesOdd(model.graph);
}

/** Opens what makes `value` in the original. See openReference. */
export const openUpstream = (source: ModelSource, canonical: Graph, options: OrtOptions, value: string): Promise<Reference> =>
  openReference(source, canonical, options, (graph) => upstreamOf(graph, value));

/**
 * Opens what the original makes of `value`, with one output. `type`: what the value has in the file, which only onnxruntime knows, as the upstream part
 * gives it; a part of the canonical form has float32 anyway.
 */
export const openDownstream = (
  source: ModelSource,
  canonical: Graph,
  options: OrtOptions,
  value: string,
  type: DType = 'float32',
  output: string,
): Promise<Reference> =>
  openReference(source, canonical, options, (graph) =>
    downstreamOf(graph, value, { type: graph === canonical ? 'float32' : type }, [output]),
  );

/** What is run on a sample up to the hook point, and from there on. */
export interface CutReference {
  readonly upstream: OrtProgram;
  readonly downstream: Reference;
}

/** Opens the two parts of the original at `value`, the second with one output. See openReference. */
export async function openCutReference(
  source: ModelSource,
  canonical: Graph,
  options: OrtOptions,
  value: string,
  output: string,
): Promise<CutReference> {
  const upstream = await openUpstream(source, canonical, options, value);
  try {
    const downstream = await openDownstream(source, canonical, options, value, upstream.program.outputTypes[0], output);
    return { upstream: upstream.program, downstream: { ...downstream, refused: downstream.refused ?? upstream.refused } };
  } catch (error) {
    await upstream.program.dispose();
    throw error;
  }
}
