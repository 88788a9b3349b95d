// What createAuditor gives: a model compiled for audits.
import type { Tensor } from '../core/tensor.js';
import type { Classifier } from '../model/open.js';
import type { AuditDocument } from '../report/audit-files.js';
import type { AuditResult } from './audit-result.js';
import type { AuditInput, Expected, Sample } from './inputs.js';
import type { NamedInputs } from './named-inputs.js';

/** A model compiled for audits: one compilation serves any number of inputs. */
export interface Auditor extends AsyncDisposable {
  /** The model as it is audited: with the convention for pictures that was chosen, once it was. */
  readonly model: Classifier;
  /** Reads an input without auditing it, as a picture or an array where the caller knows which. Throws as readInput. */
  read(input: AuditInput | NamedInputs, expected?: Expected): Promise<Sample>;
  /**
   * Does what may still be refused before anything long begins: reads the noise's dataset, and where no card says how pictures go in, chooses by
   * these. The first `audit` does it, by its own input, where this was not called.
   */
  prepare(...inputs: readonly (AuditInput | NamedInputs | Sample)[]): Promise<void>;
  audit(input: AuditInput | NamedInputs | Sample): Promise<AuditResult>;
  /** Once prepared: the samples that noise is drawn from and what is to be told of them; undefined where it takes none. */
  readonly noise?: { readonly samples: Tensor; readonly notes: readonly string[] } | undefined;
  /**
   * The document of this input in `folder`, where an audit with the same model, options and input was written there to its end; undefined where it has to
   * be made. What it says, and the files that it lists, are those that `audit` and `save` would give.
   */
  finished(input: AuditInput | NamedInputs | Sample, folder: string): Promise<AuditDocument | undefined>;
  dispose(): Promise<void>;
}
