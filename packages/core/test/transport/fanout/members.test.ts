import {
  ArgumentError,
  BusUnavailableError,
  type ChangeBus,
  createInstance,
  defineCollection,
  fanout,
  memoryStore,
} from '@sync/core'
import { describe, expect, it } from 'vitest'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { setUp } from './fanout-setup.ts'
import { ScriptedBus } from './scripted-bus.ts'

const away = new BusUnavailableError('away')

describe('fanout().capabilities', () => {
  it('equal the weakest of the buses, without a common order of several publishers', () => {
    const strong = new ScriptedBus({ replay: 'from-offset', echo: false, ordering: 'per-key' })
    const weak = new ScriptedBus({
      delivery: 'at-most-once',
      durability: 'sent',
      whenDown: 'wait',
      live: 'eventually',
      maxPayloadBytes: 10,
    })
    expect(fanout(strong, weak).capabilities).toEqual({
      delivery: 'at-most-once',
      replay: 'none',
      ordering: 'per-publisher',
      durability: 'sent',
      whenDown: 'wait',
      live: 'eventually',
      echo: true,
      maxPayloadBytes: 10,
    })
    expect(fanout(strong).capabilities).toEqual({ ...strong.capabilities, replay: 'none' })
    const retained = new ScriptedBus({ replay: 'retained', ordering: 'none' })
    expect(fanout(retained, new ScriptedBus({ replay: 'retained' })).capabilities).toMatchObject({
      replay: 'retained',
      ordering: 'none',
    })
  })
})

describe('fanout()', () => {
  it('throws when there is no bus, a repeated one or an invalid deadline', () => {
    const bus = new ScriptedBus()
    for (const buses of [[], [bus, bus]] as ChangeBus[][]) {
      expect(() => fanout(...buses)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
    }
    expect(() => fanout({ deadline: 0 }, bus)).toThrow(/deadline/)
  })
})

describe('fanout().add()', () => {
  it('subscribes the new bus to existing subscriptions and publishes to it', async () => {
    const { clock, bus, listen, publish, statuses } = setUp()
    const received = await listen()
    const c = new ScriptedBus()
    await bus.add(c)
    expect([c.subscriptions, statuses]).toEqual([1, ['resumed']])
    await c.publish(SECTION, [changeOf(1)])
    publish(2)
    await clock.advance(0)
    expect(received).toEqual([1, 2])
    expect(c.calls.at(-1)).toEqual([2])
  })

  it('reports no interruption while the new bus does not answer', async () => {
    const { clock, bus, listen, publish, statuses, failures } = setUp()
    await listen()
    const c = new ScriptedBus()
    c.subscribing = away
    let added = false
    const adding = bus.add(c).then(() => {
      added = true
    })
    c.emit('interrupted')
    await clock.advance(5_000)
    await listen({ partition: 'eu', section: 'other' })
    expect([added, statuses]).toEqual([false, []])
    expect(publish(1)).toEqual(['open'])
    await clock.advance(0)
    expect(c.calls).toEqual([[1]])
    c.subscribing = 'works'
    c.emit('resumed')
    await clock.advance(2_000)
    await adding
    expect([c.subscriptions, statuses]).toEqual([2, ['resumed']])
    expect(failures.map(({ operation }) => operation)).toEqual(['subscribe', 'subscribe'])
  })

  it('removes the new bus and leaves it open when it rejects permanently', async () => {
    const { clock, bus, listen, publish } = setUp()
    await listen()
    const c = new ScriptedBus()
    c.subscribing = new ArgumentError('never')
    await expect(bus.add(c)).rejects.toBe(c.subscribing)
    publish(1)
    await clock.advance(0)
    expect([c.calls, c.closes]).toEqual([[], 0])
    await expect(bus.remove(c)).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  })
})

describe('fanout().remove()', () => {
  it('sends what waits for the bus, then unsubscribes and closes it', async () => {
    const { a, b, clock, bus, listen, publish, statuses } = setUp()
    const received = await listen()
    a.publishing = away
    publish(1)
    await clock.advance(0)
    const removing = bus.remove(a)
    publish(2)
    await clock.advance(0)
    expect(a.closes).toBe(0)
    a.publishing = 'works'
    await clock.advance(1_000)
    await removing
    expect(a.calls.at(-1)).toEqual([1])
    expect([a.subscriptions, a.closes, b.closes]).toEqual([0, 1, 0])
    expect(b.calls).toEqual([[1], [2]])
    expect(received).toEqual([1, 2])
    expect(statuses).toEqual(['resumed'])
  })

  it('removes an unresponsive bus after the deadline and reports what it did not accept', async () => {
    const { a, clock, bus, publish, failures } = setUp({ deadline: '1s' })
    a.publishing = 'hangs'
    publish(1, 2)
    await clock.advance(0)
    let removed = false
    const removing = bus.remove(a).then(() => {
      removed = true
    })
    await clock.advance(999)
    expect(removed).toBe(false)
    await clock.advance(1)
    await removing
    expect(failures).toMatchObject([{ operation: 'publish', changes: 1, error: { code: 'SYNC_CLOSED' } }])
  })

  it('is awaited by close(), which sends nothing more to the bus', async () => {
    const { a, b, clock, bus, publish } = setUp({ deadline: '1s' })
    a.publishing = 'hangs'
    publish(1)
    await clock.advance(0)
    void bus.remove(a)
    let closed = false
    const closing = bus.close().then(() => {
      closed = true
    })
    await clock.advance(999)
    expect([closed, b.closes]).toEqual([false, 1])
    await clock.advance(1)
    await closing
    expect(a.closes).toBe(1)
    a.answer(away)
    await clock.advance(2_000)
    expect(a.calls).toEqual([[1]])
  })

  it('ends the interruption when the removed bus was the interrupted one', async () => {
    const { a, clock, bus, statuses } = setUp()
    a.emit('interrupted')
    await bus.remove(a)
    await clock.advance(0)
    expect(statuses).toEqual(['interrupted', 'resumed'])
  })

  it('rejects the last bus, a bus that is not a member and a repeated add()', async () => {
    const { a, b, bus } = setUp()
    const refused = { code: 'SYNC_ARGUMENT' }
    await expect(bus.add(a)).rejects.toMatchObject(refused)
    await expect(bus.remove(new ScriptedBus())).rejects.toMatchObject(refused)
    const removing = bus.remove(a)
    await expect(bus.remove(a)).rejects.toMatchObject(refused)
    await expect(bus.add(a)).rejects.toMatchObject(refused)
    await removing
    await expect(bus.remove(b)).rejects.toMatchObject(refused)
  })

  it('rejects the add() of a bus that is still being added', async () => {
    const { bus, listen } = setUp()
    await listen()
    const c = new ScriptedBus()
    c.subscribing = 'hangs'
    const refused = expect(bus.add(c)).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
    await bus.remove(c)
    await refused
    expect(c.closes).toBe(1)
  })
})

describe('fanout().close()', () => {
  it('closes every bus once, permanently', async () => {
    const { a, b, clock, bus, listen, statuses } = setUp()
    b.subscribing = away
    await listen()
    const c = new ScriptedBus()
    c.subscribing = 'hangs'
    const closed = { code: 'SYNC_CLOSED' }
    const adding = expect(bus.add(c)).rejects.toMatchObject(closed)
    b.subscribing = 'hangs'
    a.subscribing = 'hangs'
    const subscribing = expect(listen()).rejects.toMatchObject(closed)
    await clock.advance(0)
    const leaving = bus.remove(a)
    await bus.close()
    await bus[Symbol.asyncDispose]()
    await Promise.all([adding, subscribing, leaving])
    expect([a.closes, b.closes, c.closes, statuses]).toEqual([1, 1, 1, ['interrupted', 'closed']])
    expect([a.subscriptions, b.subscriptions, c.subscriptions]).toEqual([0, 0, 0])
    for (const call of [
      bus.publish(SECTION, [changeOf(1)]),
      bus.subscribe(SECTION, () => {}),
      bus.add(new ScriptedBus()),
      bus.remove(b),
    ]) {
      await expect(call).rejects.toMatchObject(closed)
    }
  })

  it('waits for a slow bus, but not beyond the deadline', async () => {
    const { a, b, clock, bus, publish } = setUp({ deadline: '1s' })
    a.publishing = away
    b.publishing = away
    const outcomes = publish(1)
    await clock.advance(0)
    b.publishing = 'hangs'
    let closed = false
    const closing = bus.close().then(() => {
      closed = true
    })
    await clock.advance(999)
    expect([closed, a.calls.length]).toEqual([false, 6])
    await clock.advance(1)
    await closing
    expect(outcomes).toEqual(['SYNC_BUS_UNAVAILABLE'])
  })
})

describe('fanout().onStatus()', () => {
  it('calls every listener when another one throws, and reports the error', async () => {
    const { a, bus, statuses } = setUp()
    const uncaught: unknown[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => uncaught.push(error))
    bus.onStatus(() => {
      throw new Error('a listener')
    })
    const late: string[] = []
    bus.onStatus((status) => late.push(status))
    a.emit('interrupted')
    await new Promise((resolve) => setImmediate(resolve))
    for (const listener of before) process.on('uncaughtException', listener)
    expect([statuses, late]).toEqual([['interrupted'], ['interrupted']])
    expect(uncaught).toMatchObject([{ message: 'a listener' }])
  })
})

describe('createInstance() with fanout()', () => {
  it('emits an event for what one of the buses did not do', async () => {
    const { a, b, clock, bus } = setUp()
    a.subscribing = new ArgumentError('never')
    b.publishing = away
    const events: unknown[] = []
    const sync = createInstance({ store: memoryStore(), bus: bus, runtime: clock })
    sync.onEvent(({ at: _, ...event }) => events.push(event))
    const docs = sync.collection(defineCollection<{ n: number }>({ section: 'doc', ttl: 'never' }), { partition: 'p' })
    await docs.assign('x', { n: 1 })
    await clock.advance(2_000)
    const ref = { partition: 'p', section: 'doc' }
    expect(events).toContainEqual({ ...ref, type: 'publish-failed', changes: 1, error: away })
    expect(events).toContainEqual({ ...ref, type: 'error', error: a.subscribing })
    expect(events).toContainEqual({ type: 'bus', status: 'interrupted' })
    const closing = sync.close()
    await clock.advance(10_000)
    await closing
  })
})
