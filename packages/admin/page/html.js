export * from './lib/preact.js'

/** Formats a whole number with thousands separators. */
export const count = (value) => Math.round(value).toLocaleString('en')

/** Formats a duration in ms, from one second on in seconds. */
export const duration = (ms) => (ms < 1_000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1_000).toFixed(1)} s`)

export const percent = (share) => `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 2)} %`

/** Formats the time of day. */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB')
