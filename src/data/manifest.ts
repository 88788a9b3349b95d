// Manifests: CSV and JSONL files that list pictures with their labels, paths relative to the manifest.
import { dirname, extname, resolve } from 'node:path';
import { LanError } from '../core/errors.js';
import type { Dataset } from './dataset.js';
import { fieldsOf } from './csv-line.js';
import { readBytes } from './files.js';
import { listedDataset } from './picture-files.js';

interface Row {
  readonly path: string;
  readonly label?: string;
}

/** What a header may call the columns. */
const PATH = ['path', 'file', 'filename', 'image'];
const LABEL = ['label', 'class', 'target'];

/** Opens a .csv (path,label) or .jsonl ({"path", "label"}) manifest. Labels that are all whole numbers are class indices, else names. */
export async function openManifest(path: string): Promise<Dataset> {
  const text = new TextDecoder().decode(await readBytes(path, 'Dataset')).replace(/^\ufeff/, '');
  const rows = extname(path).toLowerCase() === '.csv' ? parseCsv(text, path) : parseJsonl(text, path);
  if (rows.length === 0) throw new LanError('data', `Dataset '${path}': lists no samples.`);
  const paths = rows.map((r) => resolve(dirname(path), r.path));
  const about = { name: path, format: 'manifest', paths, notes: [] } as const;
  const unlabelled = rows.findIndex((r) => r.label === undefined || r.label === '');
  if (unlabelled >= 0) {
    if (rows.every((r) => r.label === undefined || r.label === '')) return listedDataset({ ...about, numbered: false });
    throw new LanError(
      'data',
      `Dataset '${path}': '${rows[unlabelled]!.path}' has no label, others have. Label all samples or none.`,
    );
  }
  const given = rows.map((r) => r.label!);
  if (given.every((label) => /^\d{1,9}$/.test(label)))
    return listedDataset({ ...about, numbered: true, labels: Int32Array.from(given, Number) });
  const classes = [...new Set(given)].sort();
  const index = new Map(classes.map((c, i) => [c, i]));
  return listedDataset({ ...about, numbered: false, classes, labels: Int32Array.from(given, (l) => index.get(l)!) });
}

const wrong = (path: string, line: number, expected: string, received: string): LanError =>
  new LanError('data', `Dataset '${path}', line ${line}: expected ${expected}, received '${received.slice(0, 100)}'.`);

function parseCsv(text: string, path: string): Row[] {
  const rows: Row[] = [];
  let [pathAt, labelAt] = [0, 1];
  let first = true;
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const fields = fieldsOf(line);
    if (!fields) throw wrong(path, i + 1, 'path,label (quotes closed)', line);
    const named = fields.map((f) => f.toLowerCase());
    if (first && named.some((f) => PATH.includes(f))) {
      pathAt = named.findIndex((f) => PATH.includes(f));
      labelAt = named.findIndex((f) => LABEL.includes(f));
    } else {
      const own = fields[pathAt];
      if (!own || (labelAt >= 0 && fields.length <= labelAt && fields.length > 1)) throw wrong(path, i + 1, 'path,label', line);
      rows.push({ path: own, label: labelAt < 0 ? undefined : fields[labelAt] });
    }
    first = false;
  }
  return rows;
}

function parseJsonl(text: string, path: string): Row[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    let row: { path?: unknown; label?: unknown } | null;
    try {
      row = JSON.parse(line) as typeof row;
    } catch {
      row = null;
    }
    const label = row?.label;
    if (typeof row?.path !== 'string' || (label !== undefined && typeof label !== 'string' && typeof label !== 'number'))
      throw wrong(path, i + 1, '{"path": "...", "label": "name or number"}', line);
    return [{ path: row.path, label: label === undefined ? undefined : String(label) }];
  });
}
