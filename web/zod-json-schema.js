// Stands for zod's reader of JSON Schemas in bundles.
export const fromJSONSchema = undefined;
