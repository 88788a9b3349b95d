// What helps in a browser where onnxruntime finds no memory.

/** Advice, a whole sentence. */
export const MORE_MEMORY = 'Close other pages, or use the command line, which has more.';
