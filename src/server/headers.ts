// What every answer of the server says to a browser about what the page may do: load from here alone, be framed by nobody, be shared with nobody.

/**
 * Content security policy of the page. WebAssembly may be compiled, scripts and workers come from here alone, nothing is sent anywhere else. Styles may stand in the
 * page, since plots bring theirs with them. Also in web/app/index.html, for hosts that set no headers; there without `frame-ancestors`, which only a header can say.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
];

/** The headers of every answer, refusals too. The three of Cross-Origin isolate the page, which threads of WebAssembly need. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [...CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(self), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};
