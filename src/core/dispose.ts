// The name under which `await using` finds what holds sessions, files or workers.

/**
 * `Symbol.asyncDispose`; before Node 20.4, and in realms of their own (jest, vm) where Node has not put it, a symbol of the same name, so that a
 * class can be written alike everywhere.
 *
 * @example
 * class Holder implements AsyncDisposable {
 *   [asyncDispose] = () => this.dispose();
 *   async dispose(): Promise<void> {}
 * }
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  (Symbol as { readonly asyncDispose?: typeof Symbol.asyncDispose }).asyncDispose ??
  (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
