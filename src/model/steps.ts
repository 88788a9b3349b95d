// Preprocessing of plug-ins: a step between the pixels of a picture and what the card makes of them, as a graph, so that gradients pass through it.
import { adapters } from '../../adapters/index.js';
import { specialize } from '../compile/specialize.js';
import { LanError } from '../core/errors.js';
import { ofPlugin, pluggedIn, requireOf, type PluginLike } from '../core/plugin.js';
import { float32, toFloat32, type Tensor } from '../core/tensor.js';
import { createOrtEngine, probe } from '../engine/ort.js';
import type { Program } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { InputCard } from './card.js';

/** A preprocessing under one name, which a card's `preprocessing` asks for. */
export interface PreprocessingStep {
  readonly name: string;
  /**
   * Appends it to `g`, in ops of opset 18, and gives the name of a value of the same shape. `x`: pixels [N,C,H,W], RGB or grey, in 0..range; what is given goes through
   * the rest of the card (channel order, mean, std, layout).
   */
  append(g: GraphBuilder, x: string, about: { readonly dims: readonly number[]; readonly range: 1 | 255 }): string;
}

/** The steps of some plug-ins, each compiled when a card first asks for it. */
export class Steps {
  private readonly programs = new Map<string, Promise<Program>>();

  constructor(private readonly plugins: readonly PluginLike[]) {}

  /** Throws LanError (`usage`) where a card asks for a step that no plug-in has. */
  require(card: Partial<InputCard> | undefined): void {
    if (card?.preprocessing !== undefined) this.named(card.preprocessing);
  }

  private named(name: string): PreprocessingStep {
    const all = pluggedIn<PreprocessingStep>(this.plugins, 'preprocessing');
    const found = all.find((step) => step.name === name);
    if (found) return found;
    const there = all.length === 0 ? '' : ` They have ${all.map((s) => `'${s.name}'`).join(', ')}.`;
    throw new LanError('usage', `The card asks for the preprocessing '${name}', which no plug-in that was given has.${there}`, 'Give the plug-in that has it with `plugins`.'); // prettier-ignore
  }

  /** Appends the step that the card asks for to `x` of shape `dims`; `x` itself where it asks for none. Throws LanError (`usage`) for one that is not there. */
  append(g: GraphBuilder, x: string, dims: readonly number[], card: InputCard): string {
    return card.preprocessing === undefined ? x : g.reshape(this.made(g, x, dims, card), dims);
  }

  private made(g: GraphBuilder, x: string, dims: readonly number[], { preprocessing, range }: InputCard): string {
    const name = preprocessing!;
    const step = this.named(name);
    const made = ofPlugin('preprocessing', name, () => step.append(g, x, { dims, range }));
    requireOf('preprocessing', name, typeof made === 'string', 'the name of a value');
    return made;
  }

  /** Pixels x [N,C,H,W] (uint8 0..255, or floats in 0..range) behind the step that the card asks for, by onnxruntime; x itself where it asks for none. Throws LanError (`plugin`) where it changes the shape. */
  async run(x: Tensor, card: InputCard | undefined): Promise<Tensor> {
    if (card?.preprocessing === undefined) return x;
    const { dims } = x;
    const key = JSON.stringify([card.preprocessing, card.range, dims]);
    if (!this.programs.has(key)) this.programs.set(key, this.compile(dims, card));
    const program = await this.programs.get(key)!;
    const scale = x.type === 'uint8' ? card.range / 255 : 1;
    const data = toFloat32(x);
    const { y } = await program.run({ x: float32(scale === 1 ? data : data.map((v) => v * scale), dims) });
    return y!;
  }

  private async compile(dims: readonly number[], card: InputCard): Promise<Program> {
    const g = new GraphBuilder('preprocessing');
    g.output(this.made(g, g.input('x', 'float32', dims), dims, card), 'y');
    const graph = await specialize(g.build(), {}, probe, adapters);
    // Pixels in another order would be as many.
    const given = graph.types.get(graph.outputs[0]!.name)?.dims.join();
    requireOf(
      'preprocessing',
      card.preprocessing!,
      given === dims.join(),
      `pixels of the shape [${dims.join(',')}] that it gets, not [${given}]`,
    );
    return createOrtEngine([], { threads: 1 }).compile(graph);
  }

  /** Frees what was compiled. */
  async dispose(): Promise<void> {
    for (const program of this.programs.values()) await (await program.catch(() => undefined))?.dispose();
    this.programs.clear();
  }
}
