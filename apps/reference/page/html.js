import htm from 'htm'
import { h } from 'preact'

export const html = htm.bind(h)

/** Formats a whole number with thousands separators. */
export const count = (value) => Math.round(value).toLocaleString('en')

/** Formats a duration in ms, from one second on in seconds. */
export const duration = (ms) => (ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`)

export const percent = (share) => `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 2)} %`

/** Formats the time of day. */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB')

/** Formats a size in UTF-16 units as bytes, which are equal for the texts of this feed. */
export const size = (units) => (units < 1e6 ? `${(units / 1e3).toFixed(1)} kB` : `${(units / 1e6).toFixed(2)} MB`)
