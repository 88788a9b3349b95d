// The mask of an audit as a small picture on the terminal, beside its words.
import { join } from 'node:path';
import { decodePixels } from '../../data/images.js';
import type { AuditDocument } from '../../report/audit-files.js';
import { onTerminal } from '../../report/drawing/terminal.js';
import type { Io } from '../io.js';

/** Draws the overlay of the first mask, which lies in `folder`, where the screen shows pictures and there is one. */
export async function drawMask(io: Io, { betas }: AuditDocument, folder: string): Promise<void> {
  const overlay = betas[0]?.files.overlay;
  if (!io.screen?.pictures || !io.draw || overlay === undefined) return;
  io.draw(await onTerminal(await decodePixels(join(folder, overlay)), io.screen.pictures));
}
