// Where downloads lie.
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The folder of downloads: LAN_ONNX_CACHE, else `lan-onnx` in the user's cache (XDG_CACHE_HOME, which has to be absolute, ~/.cache; macOS ~/Library/Caches,
 * Windows LOCALAPPDATA).
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  if (env['LAN_ONNX_CACHE']) return env['LAN_ONNX_CACHE'];
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'lan-onnx');
  if (platform === 'win32' && env['LOCALAPPDATA']) return join(env['LOCALAPPDATA'], 'lan-onnx');
  return join(homedir(), ...(platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'lan-onnx');
}
