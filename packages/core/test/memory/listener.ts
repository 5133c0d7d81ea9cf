import type { Scope } from '../../src/model/address.ts'
import type { ChangeBus, Subscription } from '../../src/transport/bus.ts'
import { decodeFrame } from '../../src/transport/decode.ts'
import { assembleChange } from '../../src/transport/encode.ts'
import type { EncodedChange } from '../../src/transport/wire.ts'

export const SECTION = { partition: 'eu', section: 'product' }

/** Returns a change of `key` at `sequence`. */
export const changeOf = (sequence: number, key = 'k', whole = '1'): EncodedChange =>
  assembleChange({
    key,
    epoch: 'e',
    origin: 'w',
    generation: 1,
    version: sequence,
    sequence,
    time: 0,
    edits: [{ field: 'a', version: sequence, whole }],
  })

/** Publishes each sequence in a separate frame. */
export async function publish(bus: ChangeBus, ...sequences: number[]): Promise<void> {
  for (const sequence of sequences) await bus.publish(SECTION, [changeOf(sequence)])
}

/** A subscription that records the sequences it receives. */
export interface Listener extends Subscription {
  readonly received: number[]
}

export async function listen(bus: ChangeBus, scope: Scope = SECTION): Promise<Listener> {
  const received: number[] = []
  const subscription = await bus.subscribe(scope, (frame) => {
    received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence))
  })
  return Object.assign(subscription, { received })
}

/** Resolves after all pending microtasks: one turn of the event loop. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
