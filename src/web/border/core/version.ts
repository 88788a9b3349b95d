// The package within a bundle: its version is written in when the bundle is made, and no file comes with it.
declare const LAN_ONNX_VERSION: string;

/** The package's version. */
export const version = (): string => LAN_ONNX_VERSION;

/** No file of the package is in reach. */
export const packageFile = (..._: readonly string[]): string | undefined => undefined;
