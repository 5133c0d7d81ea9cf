import { type Subscription, scopeId } from '@sync/core/adapter'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, neverSettles, overlayBus, overridePublish, overrideStop } from '../overlay.ts'
import { brokenMemoryBus } from './build.ts'

/** Buses whose subscriptions begin late, end late or receive too much. */
export const subscription: readonly Mutant[] = [
  brokenMemoryBus(
    'BUS-SUB-01',
    'drops the first change after subscribe',
    /the first change after subscribe resolved was not received/,
    () => (bus) =>
      interceptFrames(bus, () => {
        let first = true
        return (frame, deliver, offset) => {
          if (!first) deliver(frame, offset)
          first = false
        }
      }),
  ),
  brokenMemoryBus(
    'BUS-SUB-01',
    'resolves subscribe early',
    /the first change after subscribe resolved was not received/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          const later = eventLoopTurns(3).then(() => bus.subscribe(scope, onFrame, options))
          later.catch(() => {})
          const stop = async (): Promise<void> => (await later).stop()
          return { stop, [Symbol.asyncDispose]: stop }
        },
      }),
  ),
  brokenMemoryBus('BUS-SUB-02', 'shares one queue between clients', /never arrived/, () => {
    const taken = new Set<string>()
    return (bus) =>
      interceptFrames(bus, () => (frame, deliver) => {
        if (taken.has(String(frame))) return
        taken.add(String(frame))
        deliver(frame)
      })
  }),
  brokenMemoryBus('BUS-SUB-03', "stops all of a scope's handlers with the first", /never arrived/, () => (bus) => {
    const all = new Map<string, Subscription[]>()
    return overlayBus(bus, {
      async subscribe(scope, onFrame, options) {
        const own = await bus.subscribe(scope, onFrame, options)
        const id = scopeId(scope)
        all.set(id, [...(all.get(id) ?? []), own])
        const stop = async (): Promise<void> => {
          for (const each of all.get(id) ?? []) await each.stop()
        }
        return { stop, [Symbol.asyncDispose]: stop }
      },
    })
  }),
  brokenMemoryBus(
    'BUS-SUB-04',
    'keeps delivering after stop',
    /changes received after stop resolved/,
    () => (bus) => overrideStop(bus, async () => {}),
  ),
  brokenMemoryBus(
    'BUS-SUB-05',
    'hangs when it is stopped from within a handler',
    /timed out: stop from within the handler/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          let inside = false
          const own = await bus.subscribe(
            scope,
            (frame) => {
              inside = true
              onFrame(frame)
              inside = false
            },
            options,
          )
          const stop = (): Promise<void> => (inside ? neverSettles() : own.stop())
          return { stop, [Symbol.asyncDispose]: stop }
        },
      }),
  ),
  brokenMemoryBus(
    'BUS-SUB-06',
    'treats a name as a pattern',
    /the (section|key) "\*" received a change published to "a"/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if ('key' in scope && scope.key.includes('*'))
            await bus.subscribe({ ...scope, key: scope.key.replace('*', 'a') }, onFrame, options)
          return bus.subscribe(scope, onFrame, options)
        },
      }),
  ),
  brokenMemoryBus(
    'BUS-SUB-07',
    "sends a key's changes to its section too",
    /was never sent, client section|repeated at.*client section/,
    () => (bus) =>
      overridePublish(bus, async (scope, changes) => {
        await bus.publish(scope, changes)
        const { partition, section } = scope
        if ('key' in scope) await bus.publish({ partition, section }, changes)
      }),
  ),
  brokenMemoryBus('BUS-SUB-08', 'sends the last change to late subscribers', /was never sent, client late/, () => {
    const last = new Map<string, string | Uint8Array>()
    return (bus) =>
      overlayBus(bus, {
        subscribe(scope, onFrame, options) {
          const kept = last.get(scopeId(scope))
          if (kept !== undefined) queueMicrotask(() => onFrame(kept))
          return bus.subscribe(
            scope,
            (frame) => {
              last.set(scopeId(scope), frame)
              onFrame(frame)
            },
            options,
          )
        },
      })
  }),
  brokenMemoryBus(
    'BUS-SUB-10',
    'ignores the signal',
    /subscribe with an aborted signal: expected a rejection/,
    () => (bus) => overlayBus(bus, { subscribe: (scope, onFrame) => bus.subscribe(scope, onFrame) }),
  ),
  brokenMemoryBus(
    'BUS-SUB-11',
    'hangs on an invalid scope',
    /timed out: subscribe to \{"partition":""/,
    () => (bus) =>
      overlayBus(bus, {
        subscribe: (scope, onFrame, options) =>
          scope.partition === '' ? neverSettles() : bus.subscribe(scope, onFrame, options),
      }),
  ),
]
