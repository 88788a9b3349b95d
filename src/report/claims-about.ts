// The claims of a mask about an input whose elements have names: what was replaced, and what was left, by name.
import type { Answer } from '../evidence/answer.js';
import type { BetaResult } from '../explain/audit.js';
import type { HookPoint } from '../model/hook-point.js';
import { claims, partOf } from './claims.js';
import { featureNeeds, leftText } from './features.js';
import { leftOfTokens, type TextOf } from './running-text.js';

/** In sentences, headline first (see claims); then what the hard claim leaves, where names say it. */
export function claimsAbout(
  beta: BetaResult,
  answer: Answer,
  { hookPoint, tokens, features }: TextOf & { readonly hookPoint?: HookPoint },
): string[] {
  const part = partOf(hookPoint);
  if (features) {
    const needs = featureNeeds(features, beta);
    const left = leftText(features, needs);
    if (features.kind !== 'word') return [...claims(beta, answer, part), left].filter((line) => line !== undefined);
    // Most of a vocabulary is zeros before and after: the words of the text are what the headline is about.
    const [headline, ...others] = claims(beta, answer, 'the vocabulary');
    return [headline, left, ...others].filter((line) => line !== undefined);
  }
  // Ids alone say nothing to a reader.
  const named = tokens && (tokens.names ?? tokens.vocabulary);
  return [...claims(beta, answer, part), named && leftOfTokens(tokens, beta)].filter((line) => line !== undefined);
}
