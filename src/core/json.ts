// JSON that may be none.

/** What a text, or bytes of one, says as JSON; undefined where it is none. */
export function parsed(json: string | Uint8Array | undefined): unknown {
  try {
    return JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(json));
  } catch {
    return undefined;
  }
}
