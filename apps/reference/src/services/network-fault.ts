/** What happens to frames on their way to one instance. */
export interface NetworkFault {
  /** The share that is lost, 0 … 1. */
  readonly drop?: number
  /** The share that comes twice, 0 … 1. */
  readonly repeat?: number
  /** Milliseconds that each takes longer. */
  readonly delayMs?: number
  /** Nothing comes through, and nobody says so. */
  readonly cut?: boolean
}

/** In words; empty: there is none. */
export function describeNetworkFault({ drop = 0, repeat = 0, delayMs = 0, cut = false }: NetworkFault): string {
  const parts = [
    ...(cut ? ['cut off from the bus'] : []),
    ...(drop > 0 ? [`${Math.round(drop * 100)} % of its messages lost`] : []),
    ...(repeat > 0 ? [`${Math.round(repeat * 100)} % of its messages twice`] : []),
    ...(delayMs > 0 ? [`its messages ${delayMs} ms late`] : []),
  ]
  return parts.join(', ')
}
