// Sections of a page that plug-ins add.
import { faultOf, pluggedIn, requireOf, type PluginLike } from '../../core/plugin.js';
import type { Tensor } from '../../core/tensor.js';
import type { Block } from './document.js';

/** What a section is about: the result of an audit. */
export interface SectionSubject<D> {
  /** What audit.json holds. */
  readonly document: D;
  /** The input [1,...sample]. */
  readonly x: Tensor;
  /** The masks in [0,1], 1 = replaceable, one for each of the document's `betas`. */
  readonly masks: readonly Tensor[];
}

/** A section of the page of an audit, under one name, which stands above what the page says of model and settings. */
export interface ReportSection<D = unknown> {
  readonly name: string;
  /** What it shows, its heading first: texts, tables, plots as plain data. Texts are set as texts, so that nothing in them is markup. */
  blocks(of: SectionSubject<D>): readonly Block[] | Promise<readonly Block[]>;
}

/** The kinds of blocks that the page can draw. */
const DRAWN: Readonly<Record<Block['type'], true>> = {
  heading: true,
  text: true,
  pictures: true,
  replace: true,
  words: true,
  plot: true,
  table: true,
  gallery: true,
  verdicts: true,
  facts: true,
  code: true,
  choice: true,
  details: true,
};

/** The blocks of all sections of plug-ins. Throws LanError (`plugin`) where one fails, or gives what cannot be drawn. */
export async function sectionsOf<D>(plugins: readonly PluginLike[] | undefined, of: SectionSubject<D>): Promise<Block[]> {
  const all: Block[] = [];
  for (const section of pluggedIn<ReportSection<D>>(plugins, 'reportSections')) {
    let blocks: readonly Block[];
    try {
      blocks = await section.blocks(of);
    } catch (error) {
      throw faultOf('reportSections', section.name, error);
    }
    const sound = Array.isArray(blocks) && (blocks as readonly Block[]).every((b) => Object.hasOwn(DRAWN, b?.type));
    requireOf('reportSections', section.name, sound, `a list of blocks, each with a type of ${Object.keys(DRAWN).join(', ')}`);
    all.push(...blocks);
  }
  return all;
}
