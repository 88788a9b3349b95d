// What an audit gives: what was measured, in sentences, as a document, and as files.
import { basename } from 'node:path';
import type { Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import type { AuditResult as Measured, BetaResult } from '../explain/audit.js';
import type { Compared } from '../explain/compare.js';
import { orderOf } from '../lan/learn.js';
import { featureMap } from '../model/feature-map.js';
import type { Preprocessing } from '../model/guess.js';
import type { Classifier } from '../model/open.js';
import { auditDocument, writeAudit, type AuditDocument, type AuditFiles } from '../report/audit-files.js';
import { answerText } from '../report/claims.js';
import { claimsAbout } from '../report/claims-about.js';
import type { AuditContext } from '../report/contexts.js';
import { featureNeeds, type FeatureNeed, type Features } from '../report/features.js';
import { auditReport } from '../report/page/audit.js';
import type { ReportDocument } from '../report/page/document.js';
import { tokensIn, type TokenMask, type Tokens, type WordMask } from '../report/tokens.js';
import type { Sample } from './inputs.js';

/** One mask, what it claims, and how that was measured. */
export type Finding = BetaResult & {
  /** In sentences, never more than the evidence carries; the headline first. */
  readonly claims: readonly string[];
  /** Where the mask lies on tokens: one entry each. */
  readonly tokens?: readonly TokenMask[];
  /** Where the tokens of a text were joined to words: one entry each. */
  readonly words?: readonly WordMask[];
  /** Where elements of the input have names (words that are counted, columns of a table): one entry each, most needed first. */
  readonly features?: readonly FeatureNeed[];
};

/** What was found out about one input. */
export interface AuditResult extends Omit<Measured, 'betas'> {
  /** One entry per beta. */
  readonly betas: readonly Finding[];
  readonly input: AuditContext['input'] & { readonly x: Tensor };
  /** What the methods of `compare` found. */
  readonly others?: readonly Compared[];
  /** What was assumed about the model, the noise and the input. */
  readonly notes: readonly string[];
  /** The document of audit.json (docs/audit-json.md). */
  toJSON(): AuditDocument;
  /** What report.html shows, as plain data. */
  page(): Promise<ReportDocument>;
  /** Writes what the command line writes: report.html, audit.json, the mask as .npy, pictures where the input is one, a page of tokens. Throws LanError (`write`). */
  save(folder: string): Promise<AuditFiles>;
}

/** The result for one input. `run`: see runOf. */
export function resultOf(
  classifier: Classifier,
  measured: Measured,
  { x, path, title, sha256 }: Sample,
  notes: readonly string[],
  { tokens, features }: { readonly tokens: Tokens | undefined; readonly features: Features | undefined },
  run: string,
  preprocessing: Preprocessing | undefined,
  look: Pick<AuditContext, 'repeat' | 'colormap' | 'others'> = {},
): AuditResult {
  const { source, hookPoint, card } = classifier;
  const drawn = !hookPoint || featureMap(classifier);
  const all = [...notes, ...measured.betas.flatMap(({ learned }) => changesOf(learned))];
  const context: AuditContext = {
    title: `${title}: ${answerText(measured.answer)} by ${basename(source.name)}`,
    model: { path: source.name, sha256: source.sha256 },
    input: { path, sha256 },
    engine: classifier.engine.info,
    card,
    preprocessing,
    notes: all,
    version: version(),
    run,
    range: drawn ? card?.range : undefined,
    hookPoint,
    tokens,
    features,
    plugins: classifier.plugins,
    ...look,
  };
  let document: AuditDocument | undefined;
  const toJSON = (): AuditDocument => (document ??= auditDocument(x, measured, context));
  return {
    ...measured,
    betas: measured.betas.map((beta) => ({
      ...beta,
      claims: claimsAbout(beta, measured.answer, { hookPoint, tokens, features }),
      ...(tokens ? tokensIn(tokens, orderOf(beta.learned)) : {}),
      ...(features ? { features: featureNeeds(features, beta) } : {}),
    })),
    input: { ...context.input, x },
    ...(look.others && { others: look.others }),
    notes: all,
    toJSON,
    page: () => auditReport(x, measured, context),
    save: (folder) => writeAudit(folder, x, measured, context, toJSON()),
  };
}

/** What was changed by hand while a mask was learned, so that its settings alone do not repeat it. */
function changesOf({ changes }: Measured['betas'][number]['learned']): string[] {
  if (!changes) return [];
  const said = changes.map(({ step, beta, noise }) => {
    const what = [...(beta === undefined ? [] : [`beta ${beta}`]), ...(noise === undefined ? [] : [`noise ${noise}`])];
    return `${what.join(' and ')} from step ${step + 1} on`;
  });
  return [`changed by hand while the mask was learned: ${said.join(', ')}; the settings alone do not repeat it`];
}
