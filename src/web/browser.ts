// What of a browser's own is used, as src is checked without a browser's types.

/** A part of a canvas's 2D context. */
interface Context {
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: { readonly data: Uint8ClampedArray }, x: number, y: number): void;
  drawImage(bitmap: Bitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

/** A canvas that no page shows. */
export interface Canvas {
  getContext(kind: '2d', options?: { readonly willReadFrequently?: boolean }): Context | null;
  convertToBlob(options: { readonly type: string; readonly quality?: number }): Promise<Blob>;
}

/** A decoded picture. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

interface BitmapOptions {
  readonly colorSpaceConversion?: 'none';
  readonly premultiplyAlpha?: 'none';
  readonly resizeWidth?: number;
  readonly resizeHeight?: number;
  readonly resizeQuality?: 'high';
}

interface Browser {
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
  createImageBitmap(source: Blob | Bitmap, options?: BitmapOptions): Promise<Bitmap>;
  /** May memory be shared with other workers? Threads need it. */
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly gpu?: { requestAdapter(): Promise<unknown> } };
  readonly WebAssembly: object;
}

/** The page's or the worker's global object. */
export const browser = globalThis as unknown as Browser;
