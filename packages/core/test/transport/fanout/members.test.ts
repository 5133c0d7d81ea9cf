import {
  ArgumentError,
  BusUnavailableError,
  type ChangeBus,
  createInstance,
  defineCollection,
  fanout,
  memoryStore,
} from '@sync/core'
import { expect, test } from 'vitest'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { setUp } from './fanout-setup.ts'
import { ScriptedBus } from './scripted-bus.ts'

const away = new BusUnavailableError('away')

test('together they are as weak as the weakest, and have no common order of several publishers', () => {
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

test('none, or the same one twice, is refused', () => {
  const bus = new ScriptedBus()
  for (const buses of [[], [bus, bus]] as ChangeBus[][]) {
    expect(() => fanout(...buses)).toThrow(expect.objectContaining({ code: 'SYNC_ARGUMENT' }))
  }
  expect(() => fanout({ deadline: 0 }, bus)).toThrow(/deadline/)
})

test('one added later hears what is followed already, and is written to', async () => {
  const { clock, bus, listen, publish, statuses } = setUp()
  const heard = await listen()
  const c = new ScriptedBus()
  await bus.add(c)
  expect([c.subscriptions, statuses]).toEqual([1, ['resumed']])
  await c.publish(SECTION, [changeOf(1)])
  publish(2)
  await clock.advance(0)
  expect(heard).toEqual([1, 2])
  expect(c.calls.at(-1)).toEqual([2])
})

test('nobody is alarmed while one that is being added does not answer yet', async () => {
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

test('one that refuses for good is out again, and left open', async () => {
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

test('one taken out has got what waited for it, is heard no more, and closed', async () => {
  const { a, b, clock, bus, listen, publish, statuses } = setUp()
  const heard = await listen()
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
  expect(heard).toEqual([1, 2])
  expect(statuses).toEqual(['resumed'])
})

test('one that does not answer is taken out after the deadline, and what it did not take is told', async () => {
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

test('closing waits for one that is being taken out, and asks it nothing more', async () => {
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

test('with the one that was interrupted the interruption ends', async () => {
  const { a, clock, bus, statuses } = setUp()
  a.emit('interrupted')
  await bus.remove(a)
  await clock.advance(0)
  expect(statuses).toEqual(['interrupted', 'resumed'])
})

test('the last one stays; one that is in is not added, one that is not is not taken out', async () => {
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

test('taken out before it has come, its adding is refused', async () => {
  const { bus, listen } = setUp()
  await listen()
  const c = new ScriptedBus()
  c.subscribing = 'hangs'
  const refused = expect(bus.add(c)).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  await bus.remove(c)
  await refused
  expect(c.closes).toBe(1)
})

test('closing closes all, once, and is final', async () => {
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

test('closing waits for a bus that is slow, and no longer than the deadline', async () => {
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

test('a listener that throws harms nobody, and is heard of', async () => {
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

test('an instance tells what one of its buses did not do', async () => {
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
