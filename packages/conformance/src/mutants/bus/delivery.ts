import { encodeFrames, type FrameHandler, scopeId } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, neverSettles, overlayBus, overridePublish } from '../overlay.ts'
import { brokenLogBus, brokenMemoryBus } from './build.ts'

/** Buses that lose, repeat or misroute changes, or that report a false outcome to the publisher. */
export const delivery: readonly Mutant[] = [
  brokenMemoryBus(
    'BUS-DEL-01',
    'drops every 50th change',
    /never arrived, client B/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let count = 0
        return (frame, deliver, offset) => {
          if (++count % 50 !== 0) deliver(frame, offset)
        }
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-01',
    'drops the last change of a frame',
    /never arrived, client B/,
    () => (bus) =>
      overridePublish(bus, (scope, changes) => bus.publish(scope, changes.length > 1 ? changes.slice(0, -1) : changes)),
  ),
  brokenMemoryBus(
    'BUS-DEL-02',
    'repeats every 20th change',
    /\d+ repeated at #\d+/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let count = 0
        return (frame, deliver, offset) => {
          deliver(frame, offset)
          if (++count % 20 === 0) deliver(frame, offset)
        }
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-03',
    'delivers changes of another section',
    /received a change published to \{.*"section":"t"/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if (scope.section === 's') await bus.subscribe({ ...scope, section: 't' }, onFrame, options)
          return bus.subscribe(scope, onFrame, options)
        },
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-03',
    'treats a key as a prefix',
    /received a change published to .*"ab"/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if ('key' in scope) await bus.subscribe({ ...scope, key: `${scope.key}b` }, onFrame, options)
          return bus.subscribe(scope, onFrame, options)
        },
      }),
  ),
  brokenLogBus('BUS-DEL-04', 'resolves publish before the broker has the change', /never arrived/, () => (bus) => {
    let unsent: (() => Promise<void>)[] = []
    bus.onStatus((status) => {
      if (status === 'interrupted') unsent = []
    })
    return overridePublish(bus, async (scope, changes) => {
      unsent.push(() => bus.publish(scope, changes))
      if (unsent.length === 1)
        void eventLoopTurns(3).then(async () => {
          for (const send of unsent.splice(0)) await send()
        })
    })
  }),
  brokenMemoryBus(
    'BUS-DEL-05',
    'swallows publish errors',
    /publish while the broker is unavailable: expected a rejection, got nothing/,
    () => (bus) => overridePublish(bus, (scope, changes) => bus.publish(scope, changes).catch(() => {})),
  ),
  brokenMemoryBus(
    'BUS-DEL-06',
    'delivers from within publish',
    /handler was called (re-entrantly|from within publish)/,
    () => {
      const handlers = new Map<string, Set<FrameHandler>>()
      return (bus) =>
        overlayBus(bus, {
          async publish(scope, changes) {
            for (const { text } of encodeFrames(changes, 65_536))
              for (const deliver of handlers.get(scopeId(scope)) ?? []) deliver(text)
          },
          async subscribe(scope, onFrame) {
            const id = scopeId(scope)
            handlers.set(id, (handlers.get(id) ?? new Set()).add(onFrame))
            const stop = async (): Promise<void> => void handlers.get(id)?.delete(onFrame)
            return { stop, [Symbol.asyncDispose]: stop }
          },
        })
    },
  ),
  brokenLogBus(
    'BUS-DEL-07',
    'delivers a frame with the offset of the next one',
    /never arrived/,
    () => (bus) =>
      interceptFrames(bus, () => (frame, deliver, offset = '') => {
        const [at, scope] = offset.split(/@(.*)/s)
        deliver(frame, `${Number(at) + 1}@${scope}`)
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-08',
    'stops at a malformed message',
    /the change after a malformed message was not received/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let wedged = false
        return (frame, deliver, offset) => {
          try {
            JSON.parse(String(frame))
          } catch {
            wedged = true
          }
          if (!wedged) deliver(frame, offset)
        }
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-08',
    'drops malformed messages',
    /a malformed message did not reach the handler/,
    () => (bus) =>
      interceptFrames(bus, () => (frame, deliver, offset) => {
        try {
          JSON.parse(String(frame))
          deliver(frame, offset)
        } catch {}
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-09',
    'declares an echo but has none',
    /own changes received with `echo: true`: expected 5, got 0/,
    () => (bus) => {
      const own = new Set<string>()
      return overlayBus(bus, {
        publish(scope, changes) {
          for (const { sequence } of changes) own.add(`,${sequence},0,`)
          return bus.publish(scope, changes)
        },
        subscribe(scope, onFrame, options) {
          return bus.subscribe(
            scope,
            (frame) => {
              if (![...own].some((each) => String(frame).includes(each))) onFrame(frame)
            },
            options,
          )
        },
      })
    },
  ),
  brokenMemoryBus(
    'BUS-DEL-10',
    'sends frames above its declared limit',
    /expected frames of at most \d+ bytes, got one of \d+ bytes/,
    () => (bus) => overlayBus(bus, { capabilities: { ...bus.capabilities, maxPayloadBytes: 32_768 } }),
  ),
  brokenMemoryBus(
    'BUS-DEL-10',
    'never settles the publication of a large batch',
    /timed out: publish of a large batch/,
    () => (bus) =>
      overridePublish(bus, (scope, changes) => (changes.length > 8 ? neverSettles() : bus.publish(scope, changes))),
  ),
]
