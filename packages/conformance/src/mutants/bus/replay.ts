import { PositionError } from '@sync/core'
import { scopeId } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, overlayBus } from '../overlay.ts'
import { brokenLogBus } from './build.ts'

/** Buses with a wrong replay. */
export const replay: readonly Mutant[] = [
  brokenLogBus(
    'BUS-REP-01',
    'skips a frame during replay',
    /never arrived, client from 0/,
    () => (bus) =>
      overlayBus(bus, {
        subscribe(scope, onFrame, options) {
          let count = 0
          const skips = options?.after !== undefined
          return bus.subscribe(
            scope,
            (frame, offset) => (skips && ++count === 3 ? undefined : onFrame(frame, offset)),
            options,
          )
        },
      }),
  ),
  brokenLogBus('BUS-REP-02', "accepts only its own client's offsets", /expected a position/, () => (bus) => {
    const own = new Set<string>()
    return overlayBus(bus, {
      async subscribe(scope, onFrame, options) {
        if (options?.after !== undefined && !own.has(options.after)) throw new PositionError(options.after)
        return bus.subscribe(
          scope,
          (frame, offset = '') => {
            own.add(offset)
            onFrame(frame, offset)
          },
          options,
        )
      },
    })
  }),
  brokenLogBus(
    'BUS-REP-03',
    'starts silently at the beginning of its log',
    /an expired offset was accepted, but only \d+ of 299 later changes/,
    () => (bus) =>
      overlayBus(bus, {
        subscribe: (scope, onFrame, options) =>
          bus
            .subscribe(scope, onFrame, options)
            .catch(() => bus.subscribe(scope, onFrame, { after: `150@${scopeId(scope)}` })),
      }),
  ),
  brokenLogBus(
    'BUS-REP-04',
    'accepts any string as an offset',
    /subscribe from the offset "": expected a rejection/,
    () => (bus) =>
      overlayBus(bus, {
        subscribe: (scope, onFrame, options) =>
          bus.subscribe(scope, onFrame, options).catch(() => bus.subscribe(scope, onFrame)),
      }),
  ),
  brokenLogBus(
    'BUS-REP-05',
    'leaves a gap between replayed and live changes',
    /never arrived, client B/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if (options?.after === undefined) return bus.subscribe(scope, onFrame, options)
          const past = await bus.subscribe(scope, onFrame, options)
          await eventLoopTurns(1)
          await past.stop()
          await eventLoopTurns(5)
          return bus.subscribe(scope, onFrame)
        },
      }),
  ),
  brokenLogBus(
    'BUS-REP-06',
    'does not replay removals',
    /received \d of 2 changes/,
    () => (bus) =>
      overlayBus(bus, {
        subscribe: (scope, onFrame, options) =>
          bus.subscribe(
            scope,
            (frame, offset) => {
              if (options?.after === undefined || !String(frame).includes(',null]')) onFrame(frame, offset)
            },
            options,
          ),
      }),
  ),
]
