import type { EncodedChange, FrameHandler, Scope } from '@sync/core/adapter'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, overlayBus, overridePublish } from '../overlay.ts'
import { brokenHarness, brokenLogBus, brokenMemoryBus } from './build.ts'

/** Buses that reorder changes. */
export const order: readonly Mutant[] = [
  brokenMemoryBus(
    'BUS-ORD-01',
    'swaps two changes',
    /key "a": sent .* ← first inversion at #\d+, client B/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let count = 0
        let delayed: (() => void) | undefined
        return (frame, deliver, offset) => {
          if (++count % 10 === 9) {
            delayed = () => deliver(frame, offset)
            return
          }
          deliver(frame, offset)
          delayed?.()
          delayed = undefined
        }
      }),
  ),
  brokenMemoryBus('BUS-ORD-02', 'sends in parallel with a send in flight', /first inversion/, () => (bus) => {
    let count = 0
    return overridePublish(bus, async (scope, changes) => {
      if (++count % 7 === 0) await eventLoopTurns(1)
      return bus.publish(scope, changes)
    })
  }),
  brokenMemoryBus(
    'BUS-ORD-03',
    'reorders across publishers',
    /clients disagree on the order of several publishers/,
    () => {
      const sender = new Map<string, number>()
      return (bus, index) =>
        overlayBus(bus, {
          publish(scope, changes) {
            for (const { sequence } of changes) sender.set(String(sequence), index)
            return bus.publish(scope, changes)
          },
          subscribe(scope, onFrame, options) {
            let delayed: { readonly by: number | undefined; readonly deliver: () => void } | undefined
            return bus.subscribe(
              scope,
              (frame, offset) => {
                const by = sender.get(/"[^"]*",1,\d+,(\d+)/.exec(String(frame))?.[1] ?? '')
                const deliver = (): void => onFrame(frame, offset)
                const before = delayed
                delayed = undefined
                if (index % 2 === 0 || by === undefined) {
                  before?.deliver()
                  deliver()
                } else if (before && before.by !== by) {
                  deliver()
                  before.deliver()
                } else {
                  before?.deliver()
                  const own = { by, deliver }
                  delayed = own
                  setImmediate(() => {
                    if (delayed !== own) return
                    delayed = undefined
                    deliver()
                  })
                }
              },
              options,
            )
          },
        })
    },
  ),
  brokenMemoryBus(
    'BUS-ORD-06',
    'reverses a batch',
    /first inversion/,
    () => (bus) => overridePublish(bus, (scope, changes) => bus.publish(scope, [...changes].reverse())),
  ),
  brokenMemoryBus(
    'BUS-ORD-07',
    'delivers an old change after a reconnect',
    /repeated at|first inversion|after the reconnect/,
    () => (bus) => {
      let resumed = false
      bus.onStatus((status) => {
        resumed ||= status === 'resumed'
      })
      return interceptFrames(bus, () => {
        let first: string | Uint8Array | undefined
        let late = 0
        return (frame, deliver, offset) => {
          first ??= frame
          deliver(frame, offset)
          if (resumed && ++late === 5) deliver(first)
        }
      })
    },
  ),
  brokenLogBus(
    'BUS-ORD-08',
    'retries waiting changes in reverse order',
    /arrived after .* across a retry/,
    () => (bus) => {
      let down = false
      const blocked: (() => void)[] = []
      bus.onStatus((status) => {
        if (status === 'interrupted') down = true
        if (status !== 'resumed') return
        down = false
        for (const resume of blocked.splice(0).reverse()) resume()
      })
      return overridePublish(bus, async (scope: Scope, changes: readonly EncodedChange[]) => {
        if (down) await new Promise<void>((resume) => blocked.push(resume))
        return bus.publish(scope, changes)
      })
    },
  ),
  brokenMemoryBus(
    'BUS-ORD-09',
    'skips the change after a throwing handler',
    /never arrived/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let skip = false
        return (frame, deliver: FrameHandler, offset) => {
          if (skip) {
            skip = false
            return
          }
          skip = true
          deliver(frame, offset)
          skip = false
        }
      }),
  ),
  brokenHarness(
    'BUS-ORD-10',
    'delays the changes of another process',
    /first inversion/,
    (harness) => ({
      ...harness,
      publishFromOtherProcess: async (scope, changes) => {
        void eventLoopTurns(5).then(() => harness.publishFromOtherProcess?.(scope, changes))
      },
    }),
    logBusHarness,
  ),
]
