import { type BusFailure, type Fanout, type FanoutOptions, fanout } from '@sync/core'
import type { BusStatus, Scope } from '@sync/core/adapter'
import { createVirtualRuntime, type VirtualRuntime } from '@sync/core/testing'
import { decodeFrame } from '../../../src/transport/decode.ts'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { ScriptedBus } from './scripted-bus.ts'

/** A fan-out of two scripted buses on a virtual clock, with its statuses and failures. */
export interface FanoutSetup {
  readonly clock: VirtualRuntime
  readonly a: ScriptedBus
  readonly b: ScriptedBus
  readonly bus: Fanout
  readonly statuses: BusStatus[]
  readonly failures: BusFailure[]
  /** Publishes each sequence in a separate call. Returns the outcomes: `open`, then `published` or an error code. */
  publish(...sequences: number[]): string[]
  /** Subscribes and returns the received sequences. The array grows with each frame. */
  listen(scope?: Scope): Promise<number[]>
}

export function setUp(options: FanoutOptions = {}): FanoutSetup {
  const clock = createVirtualRuntime()
  const [a, b] = [new ScriptedBus(), new ScriptedBus()]
  const bus = fanout({ runtime: clock, ...options }, a, b)
  const statuses: BusStatus[] = []
  const failures: BusFailure[] = []
  bus.onStatus((status) => statuses.push(status))
  bus.onFailure((failure) => failures.push(failure))
  return {
    clock,
    a,
    b,
    bus,
    statuses,
    failures,
    publish(...sequences) {
      const outcomes = sequences.map(() => 'open')
      for (const [at, sequence] of sequences.entries()) {
        bus.publish(SECTION, [changeOf(sequence)]).then(
          () => {
            outcomes[at] = 'published'
          },
          (error: { code: string }) => {
            outcomes[at] = error.code
          },
        )
      }
      return outcomes
    },
    async listen(scope = SECTION) {
      const received: number[] = []
      await bus.subscribe(scope, (frame) => {
        received.push(...decodeFrame(frame).changes.map(({ sequence }) => sequence))
      })
      return received
    },
  }
}
