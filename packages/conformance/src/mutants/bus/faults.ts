import { ClosedError } from '@sync/core'
import { logBusHarness } from '../log-bus.ts'
import type { Mutant } from '../mutant.ts'
import { eventLoopTurns, interceptFrames, neverSettles, overlayBus, overridePublish } from '../overlay.ts'
import { brokenHarness, brokenLogBus, brokenMemoryBus } from './build.ts'

/** Buses that do not recover from faults, and buses with a wrong life cycle, harness, capabilities or encoding. */
export const faults: readonly Mutant[] = [
  brokenMemoryBus(
    'BUS-FLT-01',
    'receives nothing after a restart of the broker',
    /the subscription of B receives nothing/,
    () => (bus) => {
      let lost = false
      bus.onStatus((status) => {
        lost ||= status === 'interrupted'
      })
      return interceptFrames(bus, () => (frame, deliver) => {
        if (!lost) deliver(frame)
      })
    },
  ),
  brokenMemoryBus(
    'BUS-FLT-02',
    'subscribes twice after two reconnects',
    /a change after two reconnects: expected one copy, got 2/,
    () => (bus) => {
      let reconnects = 0
      bus.onStatus((status) => {
        if (status === 'resumed') reconnects++
      })
      return interceptFrames(bus, () => (frame, deliver) => {
        deliver(frame)
        if (reconnects > 1) deliver(frame)
      })
    },
  ),
  brokenMemoryBus(
    'BUS-FLT-03',
    'loses subscriptions on reconnect',
    /the subscription of .*"key".* receives nothing/,
    () => (bus) => {
      let reconnected = false
      bus.onStatus((status) => {
        reconnected ||= status === 'resumed'
      })
      return interceptFrames(bus, (scope) => (frame, deliver) => {
        if (!(reconnected && 'key' in scope)) deliver(frame)
      })
    },
  ),
  brokenMemoryBus(
    'BUS-FLT-04',
    'never reports a possible loss',
    /statuses after a cut connection: expected interrupted, resumed, got none/,
    () => (bus) =>
      overlayBus(bus, { onStatus: (listener) => bus.onStatus((status) => status === 'closed' && listener(status)) }),
  ),
  brokenMemoryBus(
    'BUS-FLT-04',
    'reports resumed before it is live',
    /the first change after `resumed` was not received/,
    () => (bus) => {
      let skip = 0
      bus.onStatus((status) => {
        if (status === 'resumed') skip = 1
      })
      return interceptFrames(bus, () => (frame, deliver) => {
        if (skip-- <= 0) deliver(frame)
      })
    },
  ),
  brokenHarness(
    'BUS-FLT-05',
    'does not detect a frozen broker',
    /a frozen broker was not detected within 15000 ms/,
    (harness) => ({ ...harness, faults: { ...harness.faults, pause: () => {} } }),
    logBusHarness,
  ),
  brokenMemoryBus(
    'BUS-FLT-06',
    "waits although it declares 'reject'",
    /timed out: publish while the broker is unavailable/,
    () => (bus) =>
      overridePublish(bus, (scope, changes) => bus.publish(scope, changes).catch(() => neverSettles<void>())),
  ),
  brokenLogBus(
    'BUS-FLT-06',
    "resolves at once although it declares 'wait'",
    /publish settled while the broker was unavailable/,
    () => (bus) => overridePublish(bus, async (scope, changes) => void bus.publish(scope, changes).catch(() => {})),
  ),
  brokenMemoryBus(
    'BUS-FLT-07',
    'cannot be closed during a reconnect',
    /timed out: close while the broker is unavailable/,
    () => (bus) => {
      let down = false
      bus.onStatus((status) => {
        down = status === 'interrupted'
      })
      return overlayBus(bus, { close: () => (down ? neverSettles() : bus.close()) })
    },
  ),
  brokenLogBus(
    'BUS-FLT-08',
    'loses the subscriptions of a failed node',
    /the subscription of B receives nothing/,
    () => (bus) => {
      let failed = false
      bus.onStatus((status) => {
        failed ||= status === 'interrupted'
      })
      return interceptFrames(bus, () => (frame, deliver, offset) => {
        if (!failed) deliver(frame, offset)
      })
    },
  ),
  brokenMemoryBus(
    'BUS-BP-01',
    'drains one scope before the next',
    /quiet received 0 of 1 changes|never arrived/,
    ({ time }) =>
      (bus) => {
        const queue: (() => void)[] = []
        let running = false
        const run = async (): Promise<void> => {
          running = true
          for (let next = queue.shift(); next; next = queue.shift()) {
            const until = (time?.now() ?? 0) + 50
            for (let turn = 0; turn < 50 && (time?.now() ?? 0) < until; turn++) await eventLoopTurns(1)
            next()
          }
          running = false
        }
        return interceptFrames(bus, () => (frame, deliver) => {
          queue.push(() => deliver(frame))
          if (!running) void run()
        })
      },
  ),
  brokenMemoryBus('BUS-BP-04', 'drops accepted changes at close', /never arrived/, () => (bus) => {
    let closed = false
    return overlayBus(bus, {
      async publish(scope, changes) {
        if (closed) throw new ClosedError('closed')
        void eventLoopTurns(2).then(() => bus.publish(scope, changes).catch(() => {}))
      },
      close() {
        closed = true
        return bus.close()
      },
    })
  }),
  brokenMemoryBus(
    'BUS-BP-05',
    'swallows errors of handlers',
    /a handler's error did not surface anywhere/,
    () => (bus) =>
      interceptFrames(bus, () => (frame, deliver) => {
        try {
          deliver(frame)
        } catch {}
      }),
  ),
  brokenMemoryBus(
    'BUS-H-01',
    'declares contradictory capabilities',
    /capabilities: replay 'from-offset' with delivery 'at-most-once'/,
    () => (bus) => overlayBus(bus, { capabilities: { ...bus.capabilities, replay: 'from-offset' } }),
  ),
  brokenHarness('BUS-H-02', 'shares one client', /ClosedError|is closed/, (harness) => {
    const one = harness.open()
    return { ...harness, open: () => one }
  }),
  brokenHarness(
    'BUS-H-03',
    'offers faults that have no effect',
    /publish resolved although the broker was killed/,
    (harness) => ({
      ...harness,
      faults: { ...harness.faults, kill: () => {} },
    }),
  ),
  brokenHarness('BUS-H-04', 'leaves a timer behind', /a closed client keeps the process alive/, (harness) => {
    const timers: NodeJS.Timeout[] = []
    return {
      ...harness,
      async open() {
        timers.push(setInterval(() => {}, 1_000))
        return harness.open()
      },
      close() {
        for (const timer of timers) clearInterval(timer)
        return harness.close()
      },
    }
  }),
  brokenMemoryBus(
    'BUS-H-05',
    'declares a limit that is too large',
    /a frame of maxPayloadBytes = 131072 bytes did not arrive intact/,
    () => (bus) => overlayBus(bus, { capabilities: { ...bus.capabilities, maxPayloadBytes: 131_072 } }),
  ),
  brokenMemoryBus(
    'BUS-H-06',
    'ignores the partition',
    /keys received in a namespace: expected \["own"\], got \["foreign","own"\]/,
    () => (bus) =>
      overlayBus(bus, {
        publish: (scope, changes) => bus.publish({ ...scope, partition: 'all' }, changes),
        subscribe: (scope, onFrame, options) => bus.subscribe({ ...scope, partition: 'all' }, onFrame, options),
      }),
  ),
  brokenMemoryBus('BUS-LIF-01', 'cannot be closed twice', /unexpected Error: closed twice/, () => (bus) => {
    let closed = 0
    return overlayBus(bus, {
      async close() {
        if (++closed === 2) throw new Error('closed twice')
        return bus.close()
      },
    })
  }),
  brokenMemoryBus(
    'BUS-LIF-02',
    'accepts publications after close',
    /publish after close: expected a rejection/,
    () => (bus) => overridePublish(bus, (scope, changes) => bus.publish(scope, changes).catch(() => {})),
  ),
  brokenMemoryBus(
    'BUS-LIF-03',
    'leaves calls pending at close',
    /timed out: calls that were in flight at close/,
    () => (bus) => {
      let closed = false
      return overlayBus(bus, {
        async publish(scope, changes) {
          await eventLoopTurns(1)
          return closed ? neverSettles() : bus.publish(scope, changes)
        },
        close() {
          closed = true
          return bus.close()
        },
      })
    },
  ),
  brokenHarness('BUS-LIF-04', 'works only for the first client', /is closed/, (harness) => {
    let closed = false
    return {
      ...harness,
      async open() {
        const bus = await harness.open()
        return overlayBus(bus, {
          async publish(scope, changes) {
            if (closed) throw new ClosedError('the bus is closed')
            return bus.publish(scope, changes)
          },
          close() {
            closed = true
            return bus.close()
          },
        })
      },
    }
  }),
  brokenHarness(
    'BUS-LIF-05',
    'retries an unreachable address without end',
    /timed out: connecting to an unreachable address/,
    (harness) => ({
      ...harness,
      unreachable: { address: '127.0.0.1:1', open: () => neverSettles() },
    }),
  ),
  brokenMemoryBus(
    'BUS-LIF-06',
    'is not closed by `await using`',
    /publish after dispose: expected a rejection/,
    () => (bus) => overlayBus(bus, { [Symbol.asyncDispose]: async () => {} }),
  ),
  brokenHarness(
    'BUS-LIF-07',
    'keeps the process alive',
    /the program (did not exit|exited with code 1)/,
    (harness) => ({
      ...harness,
      program: ['-e', 'setTimeout(() => process.exit(1), 300)'],
    }),
  ),
  brokenHarness(
    'BUS-LIF-08',
    'closes an injected connection',
    /close closed the injected connection/,
    (harness) => ({
      ...harness,
      async injected() {
        const injected = await harness.injected?.()
        if (!injected) throw new Error('nothing to inject')
        const client = overlayBus(injected.client, {
          async close() {
            await injected.client.close()
            await injected.end()
          },
        })
        return { ...injected, client }
      },
    }),
    logBusHarness,
  ),
  brokenMemoryBus(
    'BUS-DAT-01',
    'rejects names with a plain TypeError',
    /expected a SyncError, got TypeError: bad channel/,
    () => (bus) =>
      overlayBus(bus, {
        async subscribe(scope, onFrame, options) {
          if (scope.section.includes('/')) throw new TypeError('bad channel')
          return bus.subscribe(scope, onFrame, options)
        },
      }),
  ),
  brokenMemoryBus(
    'BUS-DAT-02',
    'replaces special characters of names',
    /received a change published to/,
    () => (bus) => {
      const safe = <S extends { section: string }>(scope: S): S => ({
        ...scope,
        section: scope.section.replace(/\W/g, '_'),
      })
      return overlayBus(bus, {
        publish: (scope, changes) => bus.publish(safe(scope), changes),
        subscribe: (scope, onFrame, options) => bus.subscribe(safe(scope), onFrame, options),
      })
    },
  ),
  brokenMemoryBus(
    'BUS-DAT-04',
    'decodes frames as Latin-1',
    /the value of a field: expected "👍🏽"|received \d+ of \d+ changes/,
    () => (bus) =>
      interceptFrames(bus, () => (frame, deliver) => deliver(Buffer.from(String(frame), 'utf8').toString('latin1'))),
  ),
  brokenMemoryBus(
    'BUS-DAT-05',
    'rejects an oversized change',
    /too large/,
    () => (bus) =>
      overridePublish(bus, async (scope, changes) => {
        if (changes.some(({ text }) => text.length > 65_000)) throw new Error('too large')
        return bus.publish(scope, changes)
      }),
  ),
  brokenMemoryBus(
    'BUS-DAT-07',
    'parses and re-encodes frames',
    /the received frame: expected/,
    () => (bus) => interceptFrames(bus, () => (frame, deliver) => deliver(JSON.stringify(JSON.parse(String(frame))))),
  ),
]
