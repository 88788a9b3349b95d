// Stands for the index of zod's languages in bundles.
export { default as en } from 'zod/v4/locales/en.js';
