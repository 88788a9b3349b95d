// How a result was made, as the end of its page: model, input, settings, hashes, and what repeats it.
import type { AuditResult } from '../../explain/audit.js';
import type { AuditContext } from '../audit-files.js';
import { fourDigits } from '../format.js';
import type { Block } from './document.js';

/** A setting as text. */
export const settingText = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(settingText).join(', ') : JSON.stringify(value);

/** Names and values, those that are not given left out. */
export const factsOf = (values: Readonly<Record<string, unknown>>): (readonly [string, string])[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, settingText(value)] as const],
  );

/** The last sections of an audit's page. */
export function made(result: AuditResult, context: AuditContext): Block[] {
  const { model, input, engine, card, preprocessing, notes, run, version, repeat, hookPoint } = context;
  const unit = result.answer.task === 'value' ? 'value' : 'probability';
  return [
    { type: 'heading', text: 'How it was made' },
    ...(repeat === undefined ? [] : [{ type: 'code' as const, label: 'This repeats it:', text: repeat }]),
    ...notes.map((text) => ({ type: 'text' as const, tone: 'quiet' as const, text: `Note: ${text}` })),
    {
      type: 'facts',
      facts: factsOf({
        model: model.path,
        'SHA-256 of the model': model.sha256,
        input: input.path ?? 'given as values',
        'SHA-256 of the input': input.sha256,
        'the mask lies on': hookPoint && `${hookPoint.name} [${hookPoint.dims.join(',')}]`,
        engine: `${engine.name} ${engine.version}, ${engine.backend}`,
        'agreement with onnxruntime': `largest difference of a ${unit} ${fourDigits(result.agreement)}`,
        noise: result.noise,
        run,
        version,
      }),
    },
    {
      type: 'details',
      summary: 'All settings',
      blocks: [{ type: 'facts', facts: factsOf({ ...result.settings, card, preprocessing }) }],
    },
  ];
}
