import { ArgumentError, BusUnavailableError } from '@sync/core'
import { expect, test } from 'vitest'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { setUp } from './fanout-setup.ts'

const away = new BusUnavailableError('away')

test('hears every bus, and no offset of any', async () => {
  const { a, b, clock, bus } = setUp()
  const offsets: unknown[] = []
  await bus.subscribe(SECTION, (_, offset) => offsets.push(offset))
  await a.publish(SECTION, [changeOf(1)])
  await b.publish(SECTION, [changeOf(2)])
  await clock.advance(0)
  expect(offsets).toEqual([undefined, undefined])
})

test('a change that several bring is handed over once, whatever it travels with', async () => {
  const { a, b, listen } = setUp()
  const heard = await listen()
  await a.publish(SECTION, [changeOf(1), changeOf(2)])
  await b.publish(SECTION, [changeOf(2), changeOf(3)])
  await a.publish(SECTION, [changeOf(3)])
  await b.publish(SECTION, [{ ...changeOf(3), epoch: 'another' }])
  expect(heard).toEqual([1, 2, 3, 3])
})

test.each([
  ['no JSON', '[1'],
  ['no frame', '{}'],
  ['of a later version', '[2,"e","w",[["k",1,1,1,0,[]]]]'],
  ['with a change that is none', '[1,"e","w",[7]]'],
])('what cannot be read is handed on as it came: %s', async (_, text) => {
  const { a, b, bus } = setUp()
  const heard: unknown[] = []
  await bus.subscribe(SECTION, (frame) => heard.push(frame))
  for (const bus of [a, b]) bus.deliver(text)
  expect(heard).toEqual([text, text])
})

test('a bus that is alone is not looked into', async () => {
  const { a, b, bus, listen } = setUp()
  const heard = await listen()
  await bus.remove(b)
  await a.publish(SECTION, [changeOf(1)])
  await a.publish(SECTION, [changeOf(1)])
  expect(heard).toEqual([1, 1])
})

test('is live on all buses when it resolves', async () => {
  const { a, b, clock, listen, statuses } = setUp()
  b.subscribing = 'hangs'
  const listening = listen()
  await clock.advance(100)
  expect(a.subscriptions).toBe(1)
  b.answer()
  await listening
  expect([b.subscriptions, statuses]).toEqual([1, []])
})

test('goes on without one that refuses, says so, and lets it in later', async () => {
  const { a, b, clock, listen, statuses, failures } = setUp()
  b.subscribing = away
  const heard = await listen()
  expect(statuses).toEqual(['interrupted'])
  expect(failures).toEqual([{ operation: 'subscribe', scope: SECTION, changes: 0, error: away }])
  await a.publish(SECTION, [changeOf(1)])
  await clock.advance(10_000)
  expect(failures.length).toBe(1)
  b.subscribing = 'works'
  await clock.advance(2_000)
  expect(statuses).toEqual(['interrupted', 'resumed'])
  await b.publish(SECTION, [changeOf(2)])
  expect(heard).toEqual([1, 2])
})

test('goes on after 250 ms without one that does not answer', async () => {
  const { b, clock, listen, statuses } = setUp()
  b.subscribing = 'hangs'
  const listening = listen()
  await clock.advance(249)
  expect(statuses).toEqual([])
  await clock.advance(1)
  await listening
  expect(statuses).toEqual(['interrupted'])
  b.answer()
  await clock.advance(0)
  expect(statuses).toEqual(['interrupted', 'resumed'])
})

test('a bus said to be back is asked at once', async () => {
  const { b, clock, listen, statuses } = setUp()
  b.subscribing = away
  await listen()
  await clock.advance(10_000)
  b.subscribing = 'works'
  b.emit('connected')
  await clock.advance(0)
  expect([b.subscriptions, statuses]).toEqual([1, ['interrupted', 'resumed']])
})

test('rejects when every bus refuses, with the refusal that leaves most hope, and tells nobody else', async () => {
  const { a, b, bus, listen, clock, statuses, failures } = setUp()
  a.subscribing = new ArgumentError('never')
  b.subscribing = away
  await expect(listen()).rejects.toBe(away)
  b.subscribing = new ArgumentError('nor here')
  await expect(listen()).rejects.toBe(a.subscribing)
  await clock.advance(10_000)
  expect([a.subscribes, b.subscribes, statuses, failures]).toEqual([2, 2, [], []])
  a.subscribing = 'works'
  b.subscribing = 'works'
  await bus.subscribe(SECTION, () => {})
})

test('one that refuses for good is told, and not asked again', async () => {
  const { b, clock, listen, statuses, failures } = setUp()
  b.subscribing = new ArgumentError('never')
  await listen()
  await clock.advance(60_000)
  expect([b.subscribes, statuses]).toEqual([1, ['interrupted']])
  expect(failures).toMatchObject([{ operation: 'subscribe', error: { code: 'SYNC_ARGUMENT' } }])
})

test('hears nothing once it is stopped, nor of a bus that answers afterwards', async () => {
  const { a, b, clock, bus, statuses } = setUp()
  b.subscribing = 'hangs'
  const heard: unknown[] = []
  const subscribing = bus.subscribe(SECTION, (frame) => heard.push(frame))
  await clock.advance(300)
  const subscription = await subscribing
  a.stopping = 'hangs'
  const stopping = subscription.stop()
  await a.publish(SECTION, [changeOf(1)])
  a.answer()
  await stopping
  await subscription.stop()
  b.answer()
  await clock.advance(0)
  await a.publish(SECTION, [changeOf(1)])
  await b.publish(SECTION, [changeOf(1)])
  expect([heard, a.subscriptions, b.subscriptions]).toEqual([[], 0, 0])
  expect(statuses).toEqual(['interrupted', 'resumed'])
})

test('a signal ends it before, while and after it comes about', async () => {
  const { a, b, clock, bus } = setUp()
  const aborted = { code: 'SYNC_ABORTED' }
  await expect(bus.subscribe(SECTION, () => {}, { signal: AbortSignal.abort() })).rejects.toMatchObject(aborted)
  a.subscribing = 'hangs'
  b.subscribing = 'hangs'
  const early = new AbortController()
  const refused = expect(bus.subscribe(SECTION, () => {}, { signal: early.signal })).rejects.toMatchObject(aborted)
  await clock.advance(10)
  early.abort()
  await refused
  a.answer()
  b.answer()
  a.subscribing = 'works'
  b.subscribing = 'works'
  const late = new AbortController()
  await bus.subscribe(SECTION, () => {}, { signal: late.signal })
  expect(a.subscriptions).toBe(1)
  late.abort()
  await clock.advance(0)
  expect([a.subscriptions, b.subscriptions]).toEqual([0, 0])
})

test('an offset and a scope that is none are refused with a code', async () => {
  const { bus } = setUp()
  await expect(bus.subscribe(SECTION, () => {}, { after: '1' })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
  await expect(bus.subscribe({ partition: 'p', section: '' }, () => {})).rejects.toMatchObject({
    code: 'SYNC_ARGUMENT',
  })
})

test('an interruption of any is told; each that is back makes the core look, and those still missed are told again', () => {
  const { a, b, statuses } = setUp()
  a.emit('connected')
  b.emit('connected')
  a.emit('interrupted')
  b.emit('interrupted')
  a.emit('resumed')
  b.emit('resumed')
  expect(statuses).toEqual(['connected', 'interrupted', 'resumed', 'interrupted', 'resumed'])
})
