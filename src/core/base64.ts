// Bytes as text, by what Node and browsers both have.

/** Characters that a call may be given as arguments. */
const AT_ONCE = 2 ** 14;

/** Bytes in base64. */
export function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += AT_ONCE) binary += String.fromCharCode(...bytes.subarray(i, i + AT_ONCE));
  return btoa(binary);
}
