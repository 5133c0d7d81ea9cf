/** Faults that affect the frames that one instance receives. */
export interface NetworkFault {
  /** Share of frames that is lost, from 0 to 1. */
  readonly drop?: number
  /** Share of frames that arrives twice, from 0 to 1. */
  readonly repeat?: number
  /** Delay of every frame, in ms. */
  readonly delayMs?: number
  /** True if no frame arrives and the instance is not notified of an interruption. */
  readonly cut?: boolean
}

/** Describes a fault; empty if there is none. */
export function describeNetworkFault({ drop = 0, repeat = 0, delayMs = 0, cut = false }: NetworkFault): string {
  const parts = [
    ...(cut ? ['cut off from the bus'] : []),
    ...(drop > 0 ? [`${Math.round(drop * 100)} % of messages lost`] : []),
    ...(repeat > 0 ? [`${Math.round(repeat * 100)} % of messages repeated`] : []),
    ...(delayMs > 0 ? [`messages delayed by ${delayMs} ms`] : []),
  ]
  return parts.join(', ')
}
