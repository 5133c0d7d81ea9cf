import type { EncodedChange, FrameHandler, Scope } from '@sync/core/adapter'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'
import { overlayBus, sending, tapped, turns } from '../overlay.ts'
import { harnessed, log, memory } from './build.ts'

/** Buses that keep no order. */
export const order: readonly Mutant[] = [
  memory(
    'BUS-ORD-01',
    'swaps two',
    /key "a": sent .* ← first inversion at #\d+, client B/,
    () => (bus) =>
      tapped(bus, () => {
        let count = 0
        let held: (() => void) | undefined
        return (frame, hand, offset) => {
          if (++count % 10 === 9) {
            held = () => hand(frame, offset)
            return
          }
          hand(frame, offset)
          held?.()
          held = undefined
        }
      }),
  ),
  memory('BUS-ORD-02', 'sends beside a send that is under way', /first inversion/, () => (bus) => {
    let count = 0
    return sending(bus, async (scope, changes) => {
      if (++count % 7 === 0) await turns(1)
      return bus.publish(scope, changes)
    })
  }),
  memory('BUS-ORD-03', 'reorders across publishers', /clients disagree on the order of several publishers/, () => {
    const sender = new Map<string, number>()
    return (bus, number) =>
      overlayBus(bus, {
        publish(scope, changes) {
          for (const { sequence } of changes) sender.set(String(sequence), number)
          return bus.publish(scope, changes)
        },
        subscribe(scope, onFrame, options) {
          let held: { readonly by: number | undefined; readonly hand: () => void } | undefined
          return bus.subscribe(
            scope,
            (frame, offset) => {
              const by = sender.get(/"[^"]*",1,\d+,(\d+)/.exec(String(frame))?.[1] ?? '')
              const hand = (): void => onFrame(frame, offset)
              const before = held
              held = undefined
              if (number % 2 === 0 || by === undefined) {
                before?.hand()
                hand()
              } else if (before && before.by !== by) {
                hand()
                before.hand()
              } else {
                before?.hand()
                const own = { by, hand }
                held = own
                setImmediate(() => {
                  if (held !== own) return
                  held = undefined
                  hand()
                })
              }
            },
            options,
          )
        },
      })
  }),
  memory(
    'BUS-ORD-06',
    'sends a batch last change first',
    /first inversion/,
    () => (bus) => sending(bus, (scope, changes) => bus.publish(scope, [...changes].reverse())),
  ),
  memory(
    'BUS-ORD-07',
    'hands over after a reconnect what was from before',
    /came again|first inversion|after the reconnect/,
    () => (bus) => {
      let resumed = false
      bus.onStatus((status) => {
        resumed ||= status === 'resumed'
      })
      return tapped(bus, () => {
        let first: string | Uint8Array | undefined
        let late = 0
        return (frame, hand, offset) => {
          first ??= frame
          hand(frame, offset)
          if (resumed && ++late === 5) hand(first)
        }
      })
    },
  ),
  log('BUS-ORD-08', 'sends again in the reverse order what waited', /came after .* across a retry/, () => (bus) => {
    let down = false
    const waiting: (() => void)[] = []
    bus.onStatus((status) => {
      if (status === 'interrupted') down = true
      if (status !== 'resumed') return
      down = false
      for (const go of waiting.splice(0).reverse()) go()
    })
    return sending(bus, async (scope: Scope, changes: readonly EncodedChange[]) => {
      if (down) await new Promise<void>((go) => waiting.push(go))
      return bus.publish(scope, changes)
    })
  }),
  memory(
    'BUS-ORD-09',
    'skips the change after one that a handler threw at',
    /never came/,
    () => (bus) =>
      tapped(bus, () => {
        let skip = false
        return (frame, hand: FrameHandler, offset) => {
          if (skip) {
            skip = false
            return
          }
          skip = true
          hand(frame, offset)
          skip = false
        }
      }),
  ),
  harnessed(
    'BUS-ORD-10',
    'routes a key elsewhere from another process',
    /first inversion/,
    (harness) => ({
      ...harness,
      elsewhere: async (scope, changes) => {
        void turns(5).then(() => harness.elsewhere?.(scope, changes))
      },
    }),
    logBusHarness,
  ),
]
