export * from './instruments/html.js'

/** Formats a size in UTF-16 units as bytes, which are equal for the texts of this feed. */
export const size = (units) => (units < 1e6 ? `${(units / 1e3).toFixed(1)} kB` : `${(units / 1e6).toFixed(2)} MB`)
