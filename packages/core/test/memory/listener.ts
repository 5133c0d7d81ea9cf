import type { Scope } from '../../src/model/address.ts'
import type { ChangeBus, Subscription } from '../../src/transport/bus.ts'
import { decodeFrame } from '../../src/transport/decode.ts'
import { assembleChange } from '../../src/transport/encode.ts'
import type { EncodedChange } from '../../src/transport/wire.ts'

export const SECTION = { partition: 'eu', section: 'product' }

/** A change of `key` at `sequence`. */
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

/** Publishes each sequence in a frame of its own. */
export async function publish(bus: ChangeBus, ...sequences: number[]): Promise<void> {
  for (const sequence of sequences) await bus.publish(SECTION, [changeOf(sequence)])
}

/** A subscriber that notes the sequences it hears. */
export interface Listener extends Subscription {
  readonly heard: number[]
}

export async function listen(bus: ChangeBus, scope: Scope = SECTION): Promise<Listener> {
  const heard: number[] = []
  const subscription = await bus.subscribe(scope, (frame) => {
    heard.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence))
  })
  return Object.assign(subscription, { heard })
}

/** Lets everything that is due happen: a turn of the event loop comes after all microtasks. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
