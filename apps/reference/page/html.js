import htm from 'htm'
import { h } from 'preact'

export const html = htm.bind(h)

/** Whole numbers, with separators. */
export const count = (value) => Math.round(value).toLocaleString('en')

/** Milliseconds; a second and more in seconds. */
export const duration = (ms) => (ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`)

export const percent = (share) => `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 2)} %`

/** The time of day of a moment. */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB')

/** Characters, which are bytes for the texts of this feed. */
export const size = (units) => (units < 1e6 ? `${(units / 1e3).toFixed(1)} kB` : `${(units / 1e6).toFixed(2)} MB`)
