import { ArgumentError, BusUnavailableError } from '@sync/core'
import { describe, expect, it } from 'vitest'
import { changeOf, SECTION } from '../../memory/listener.ts'
import { setUp } from './fanout-setup.ts'

const away = new BusUnavailableError('away')

describe('fanout().subscribe()', () => {
  it('delivers frames of every bus without their offsets', async () => {
    const { a, b, clock, bus } = setUp()
    const offsets: unknown[] = []
    await bus.subscribe(SECTION, (_, offset) => offsets.push(offset))
    await a.publish(SECTION, [changeOf(1)])
    await b.publish(SECTION, [changeOf(2)])
    await clock.advance(0)
    expect(offsets).toEqual([undefined, undefined])
  })

  it('delivers a change once when several buses carry it, in any grouping', async () => {
    const { a, b, listen } = setUp()
    const received = await listen()
    await a.publish(SECTION, [changeOf(1), changeOf(2)])
    await b.publish(SECTION, [changeOf(2), changeOf(3)])
    await a.publish(SECTION, [changeOf(3)])
    await b.publish(SECTION, [{ ...changeOf(3), epoch: 'another' }])
    expect(received).toEqual([1, 2, 3, 3])
  })

  it.each([
    ['invalid JSON', '[1'],
    ['not a frame', '{}'],
    ['a later version', '[2,"e","w",[["k",1,1,1,0,[]]]]'],
    ['a malformed change', '[1,"e","w",[7]]'],
  ])('passes on an unreadable frame as it arrived: %s', async (_, text) => {
    const { a, b, bus } = setUp()
    const received: unknown[] = []
    await bus.subscribe(SECTION, (frame) => received.push(frame))
    for (const bus of [a, b]) bus.deliver(text)
    expect(received).toEqual([text, text])
  })

  it('passes on every frame unread when there is only one bus', async () => {
    const { a, b, bus, listen } = setUp()
    const received = await listen()
    await bus.remove(b)
    await a.publish(SECTION, [changeOf(1)])
    await a.publish(SECTION, [changeOf(1)])
    expect(received).toEqual([1, 1])
  })

  it('is live on all buses when it resolves', async () => {
    const { a, b, clock, listen, statuses } = setUp()
    b.subscribing = 'hangs'
    const listening = listen()
    await clock.advance(100)
    expect(a.subscriptions).toBe(1)
    b.answer()
    await listening
    expect([b.subscriptions, statuses]).toEqual([1, []])
  })

  it('resolves without a bus that rejects, reports it and adds it later', async () => {
    const { a, b, clock, listen, statuses, failures } = setUp()
    b.subscribing = away
    const received = await listen()
    expect(statuses).toEqual(['interrupted'])
    expect(failures).toEqual([{ operation: 'subscribe', scope: SECTION, changes: 0, error: away }])
    await a.publish(SECTION, [changeOf(1)])
    await clock.advance(10_000)
    expect(failures.length).toBe(1)
    b.subscribing = 'works'
    await clock.advance(2_000)
    expect(statuses).toEqual(['interrupted', 'resumed'])
    await b.publish(SECTION, [changeOf(2)])
    expect(received).toEqual([1, 2])
  })

  it('resolves without a bus that does not answer within 250 ms', async () => {
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

  it('retries immediately when a bus reports that it is connected again', async () => {
    const { b, clock, listen, statuses } = setUp()
    b.subscribing = away
    await listen()
    await clock.advance(10_000)
    b.subscribing = 'works'
    b.emit('connected')
    await clock.advance(0)
    expect([b.subscriptions, statuses]).toEqual([1, ['interrupted', 'resumed']])
  })

  it('rejects when every bus rejects, preferring a retryable error, and emits no failure', async () => {
    const { a, b, bus, listen, clock, statuses, failures } = setUp()
    a.subscribing = new ArgumentError('never')
    b.subscribing = away
    await expect(listen()).rejects.toBe(away)
    b.subscribing = new ArgumentError('never either')
    await expect(listen()).rejects.toBe(a.subscribing)
    await clock.advance(10_000)
    expect([a.subscribes, b.subscribes, statuses, failures]).toEqual([2, 2, [], []])
    a.subscribing = 'works'
    b.subscribing = 'works'
    await bus.subscribe(SECTION, () => {})
  })

  it('reports a bus that rejects permanently once and does not retry', async () => {
    const { b, clock, listen, statuses, failures } = setUp()
    b.subscribing = new ArgumentError('never')
    await listen()
    await clock.advance(60_000)
    expect([b.subscribes, statuses]).toEqual([1, ['interrupted']])
    expect(failures).toMatchObject([{ operation: 'subscribe', error: { code: 'SYNC_ARGUMENT' } }])
  })

  it('delivers nothing after stop(), not even from a bus that answers later', async () => {
    const { a, b, clock, bus, statuses } = setUp()
    b.subscribing = 'hangs'
    const received: unknown[] = []
    const subscribing = bus.subscribe(SECTION, (frame) => received.push(frame))
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
    expect([received, a.subscriptions, b.subscriptions]).toEqual([[], 0, 0])
    expect(statuses).toEqual(['interrupted', 'resumed'])
  })

  it('ends when its signal aborts before, during or after the call', async () => {
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

  it('rejects an offset and an invalid scope', async () => {
    const { bus } = setUp()
    await expect(bus.subscribe(SECTION, () => {}, { after: '1' })).rejects.toMatchObject({ code: 'SYNC_ARGUMENT' })
    await expect(bus.subscribe({ partition: 'p', section: '' }, () => {})).rejects.toMatchObject({
      code: 'SYNC_ARGUMENT',
    })
  })
})

describe('fanout().onStatus()', () => {
  it('reports the first interruption, each resumption, and again the interruption of those still missing', () => {
    const { a, b, statuses } = setUp()
    a.emit('connected')
    b.emit('connected')
    a.emit('interrupted')
    b.emit('interrupted')
    a.emit('resumed')
    b.emit('resumed')
    expect(statuses).toEqual(['connected', 'interrupted', 'resumed', 'interrupted', 'resumed'])
  })
})
