import { encodeFrames, type FrameHandler, scopeId } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, neverSettles, overlayBus, overridePublish } from '../overlay.ts'
import { brokenLogBus, brokenMemoryBus } from './build.ts'

/** Buses that lose, repeat, mix up, or tell the publisher what is not so. */
export const delivery: readonly Mutant[] = [
  brokenMemoryBus(
    'BUS-DEL-01',
    'drops every 50th',
    /never came, client B/,
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
    /never came, client B/,
    () => (bus) =>
      overridePublish(bus, (scope, changes) => bus.publish(scope, changes.length > 1 ? changes.slice(0, -1) : changes)),
  ),
  brokenMemoryBus(
    'BUS-DEL-02',
    'repeats',
    /came again at #\d+/,
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
    'leaks another section',
    /heard what was published to the scope/,
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
    'takes a key for the beginning of keys',
    /heard what was published to the scope.*"ab"/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if ('key' in scope) await bus.subscribe({ ...scope, key: `${scope.key}b` }, onFrame, options)
          return bus.subscribe(scope, onFrame, options)
        },
      }),
  ),
  brokenLogBus('BUS-DEL-04', 'resolves publish before the broker has it', /never came/, () => (bus) => {
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
    /was not refused but answered/,
    () => (bus) => overridePublish(bus, (scope, changes) => bus.publish(scope, changes).catch(() => {})),
  ),
  brokenMemoryBus(
    'BUS-DEL-06',
    'hands over from within publish',
    /handler was called (while it was still running|from within publish)/,
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
    'hands over the offset of the next frame',
    /never came/,
    () => (bus) =>
      interceptFrames(bus, () => (frame, deliver, offset = '') => {
        const [at, scope] = offset.split(/@(.*)/s)
        deliver(frame, `${Number(at) + 1}@${scope}`)
      }),
  ),
  brokenMemoryBus(
    'BUS-DEL-08',
    'is wedged by what it cannot read',
    /what follows an unreadable message never came/,
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
    'keeps what it cannot read to itself',
    /was kept from the handler/,
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
    'declares an echo and gives none',
    /own changes heard, with `echo: true`: expected 5, got 0/,
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
    'sends frames larger than it declares',
    /a frame of \d+ bytes came, \d+ is the declared limit/,
    () => (bus) => overlayBus(bus, { capabilities: { ...bus.capabilities, maxPayloadBytes: 32_768 } }),
  ),
  brokenMemoryBus(
    'BUS-DEL-10',
    'never answers a large batch',
    /hangs: publish of a large batch/,
    () => (bus) =>
      overridePublish(bus, (scope, changes) => (changes.length > 8 ? neverSettles() : bus.publish(scope, changes))),
  ),
]
