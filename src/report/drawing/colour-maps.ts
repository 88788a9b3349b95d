// Names of the maps that attention can be coloured by.

/**
 * inferno (the default), magma, viridis and cividis have even steps of brightness from dark to bright, so that what looks twice as needed is, and are told apart by
 * the colour-blind (cividis was made for it); turbo has more hues and neither.
 */
export const COLOUR_MAPS = ['inferno', 'magma', 'viridis', 'cividis', 'turbo'] as const;

/** One of them. */
export type ColourMapName = (typeof COLOUR_MAPS)[number];
