// How a result was made, as the end of a page: what repeats it, notes, model, engine, settings.
import type { EngineInfo } from '../../engine/engine.js';
import type { Block } from './document.js';
import { factsOf } from './settings.js';

/** What is known of how a result was made; what is absent is left out. */
export interface Made {
  readonly repeat?: string;
  readonly notes?: readonly string[];
  readonly models: readonly { readonly path: string; readonly sha256: string }[];
  readonly input?: { readonly path?: string; readonly sha256: string };
  readonly engine?: EngineInfo;
  readonly version: string;
  /** Further facts by name. */
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Folded. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** The last section. */
export function about({ repeat, notes = [], models, input, engine, version, facts, settings }: Made): Block[] {
  const model = (i: number): string => (models.length > 1 ? `model ${i + 1}` : 'model');
  return [
    { type: 'heading', text: 'How it was made' },
    ...(repeat === undefined ? [] : [{ type: 'code' as const, label: 'This repeats it:', text: repeat }]),
    ...notes.map((text): Block => ({ type: 'text', tone: 'quiet', text: `Note: ${text}` })),
    {
      type: 'facts',
      facts: factsOf({
        ...Object.fromEntries(models.flatMap(({ path, sha256 }, i) => [[model(i), path], [`SHA-256 of ${models.length > 1 ? model(i) : 'the model'}`, sha256]])), // prettier-ignore
        input: input && (input.path ?? 'given as values'),
        'SHA-256 of the input': input?.sha256,
        engine: engine && `${engine.name} ${engine.version}, ${engine.backend}`,
        ...facts,
        version,
      }),
    },
    ...(settings ? [{ type: 'details' as const, summary: 'All settings', blocks: [{ type: 'facts' as const, facts: factsOf(settings) }] }] : []), // prettier-ignore
  ];
}
