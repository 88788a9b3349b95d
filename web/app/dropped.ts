// Files out of what the browser hands over: a drop, which may hold folders, or a field of a form.
import type { Found } from './files.js';
import type { Problem } from './state.js';

/** What was handed over; `folder` is its name where it was one. */
export interface Handed {
  readonly files: readonly Found[];
  readonly folder?: string;
  /** Why none of it is taken. */
  readonly problem?: Problem;
}

/** Files of a folder at most: somebody may drop a whole disk. */
const MOST = 5_000;

const refused = (problem: string, advice: string): Handed => ({ files: [], problem: { problem, advice } });

/** What a drop holds. To be called within the event, whose entries are gone afterwards. */
export const dropped = (transfer: DataTransfer): Promise<Handed> =>
  taken(transfer).catch(() => refused('What was dropped cannot be read.', 'Is it still there, and may this browser read it?'));

function taken(transfer: DataTransfer): Promise<Handed> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [first] = entries;
  if (entries.length === 1 && first?.isDirectory) return handedOf(first as FileSystemDirectoryEntry);
  if (entries.some((entry) => entry.isDirectory))
    return Promise.resolve(refused('A folder was dropped together with something else.', 'Drop one folder, or files.'));
  // Without entries (a browser that has none) there are files only.
  const files = entries.length === 0 ? [...transfer.files].map(foundOf) : undefined;
  if (files) return Promise.resolve({ files });
  return Promise.all(entries.flatMap((entry) => (entry.isFile ? [fileOf(entry as FileSystemFileEntry)] : []))).then((found) => ({
    files: found.map(foundOf),
  }));
}

/** What a field for files holds; of a field for a folder paths begin with the folder's name. */
export function picked(list: FileList): Handed {
  const files = [...list];
  const folder = files[0]?.webkitRelativePath.split('/')[0];
  if (!folder) return { files: files.map(foundOf) };
  return { folder, files: files.map((file) => ({ ...foundOf(file), name: file.webkitRelativePath.slice(folder.length + 1) })) };
}

const foundOf = (file: File): Found => ({ name: file.name, size: file.size, file });

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((done, failed) => entry.file(done, failed));

async function handedOf(folder: FileSystemDirectoryEntry): Promise<Handed> {
  const files: Found[] = [];
  const walk = async (entry: FileSystemDirectoryEntry, path: string): Promise<void> => {
    const reader = entry.createReader();
    // The entries of a folder come in portions.
    for (;;) {
      const part = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
      if (part.length === 0) return;
      for (const child of part) {
        if (files.length > MOST || child.name.startsWith('.')) continue;
        if (child.isDirectory) await walk(child as FileSystemDirectoryEntry, `${path}${child.name}/`);
        else files.push({ ...foundOf(await fileOf(child as FileSystemFileEntry)), name: `${path}${child.name}` });
      }
    }
  };
  await walk(folder, '');
  if (files.length > MOST)
    return refused(`The folder '${folder.name}' holds more than ${MOST} files.`, 'Drop the folder of one model.');
  return { folder: folder.name, files };
}
