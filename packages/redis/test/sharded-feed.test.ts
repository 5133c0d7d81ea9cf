import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Connectivity } from '../src/bus/connectivity.ts'
import { ShardedFeed } from '../src/bus/sharded-feed.ts'
import { StreamReader } from '../src/bus/stream-reader.ts'
import { streamChannel } from '../src/names.ts'
import { parsePushedEntry } from '../src/stream-entry.ts'
import { type Entry, ScriptedShard, STREAM } from './scripted-shard.ts'

const scopes = [
  { partition: 'p', section: 's' },
  { partition: 'p', section: 's', key: 'a' },
] as const

// retry pauses end with each tick
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** A subscriber, and the entries that it must receive. */
interface TestSubscriber {
  readonly key: string | undefined
  readonly received: string[]
  /** Clock value from which on added entries must be delivered. */
  owedFrom: number
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('append', 'append to a') },
  { weight: 5, arbitrary: fc.constant('deliver') },
  { weight: 6, arbitrary: fc.constantFrom('execute', 'reply', 'acknowledge') },
  { weight: 2, arbitrary: fc.constantFrom('subscribe', 'subscribe to a', 'subscribe from an offset') },
  { weight: 2, arbitrary: fc.constantFrom('cut', 'reconnect', 'migrate', 'settle') },
  { weight: 1, arbitrary: fc.constantFrom('fail', 'trim', 'delete', 'lose the tail', 'push garbage') },
)

/** Runs the steps and lets everything settle. Returns what each subscriber received. */
async function runSteps(steps: readonly string[]) {
  const shard = new ScriptedShard()
  /** Reported states, with the clock value of each. */
  const transitions: { readonly state: 'up' | 'down'; readonly at: number }[] = []
  const subscribers: TestSubscriber[] = []
  const errors: unknown[] = []
  const connectivity = new Connectivity((state) => transitions.push({ state, at: shard.clock }))
  const onError = (error: unknown): void => void errors.push(error)
  const feed = new ShardedFeed(shard.listening, onError, connectivity)
  const reader = new StreamReader(feed, { commands: shard.commands, onError, onGap: () => connectivity.pulse() })
  const subscribe = (which: 0 | 1, after?: Entry): void => {
    const subscriber: TestSubscriber = { key: which ? '"a"' : undefined, received: [], owedFrom: 0 }
    reader
      .subscribe(STREAM, scopes[which], (frame) => subscriber.received.push(String(frame)), after?.id)
      .then(
        () => {
          subscriber.owedFrom = after ? after.at + 1 : shard.clock
          subscribers.push(subscriber)
        },
        // rejected: unavailable, or the offset is lost
        () => {},
      )
  }
  const actions: Readonly<Record<string, () => void | Promise<void>>> = {
    append: () => shard.append(undefined),
    'append to a': () => shard.append('"a"'),
    deliver: () => shard.deliver(),
    execute: () => shard.executeNext(),
    reply: () => shard.reply(),
    acknowledge: () => shard.acknowledge(),
    subscribe: () => subscribe(0),
    'subscribe to a': () => subscribe(1),
    'subscribe from an offset': () => subscribe(0, shard.history[Math.floor(shard.history.length / 2)]),
    settle: () => shard.settle(),
    fail: () => shard.fail(),
    cut: () => shard.cut(),
    reconnect: () => shard.restoreConnection(),
    migrate: () => shard.toggleMove(),
    trim: () => shard.trim(),
    delete: () => shard.delete(),
    'lose the tail': () => shard.loseTail(),
    'push garbage': () => shard.pushGarbage(),
    'lose a message': () => shard.loseMessage(),
  }
  shard.restoreConnection()
  subscribe(0)
  subscribe(1)
  await shard.settle()
  for (const each of steps) {
    const perform = actions[each]
    if (!perform) throw new Error(`unknown step: ${each}`)
    await perform()
    await shard.tick()
  }
  await shard.settle()
  reader.close()
  return { shard, transitions, subscribers, errors }
}

describe('ShardedFeed', () => {
  it('delivers every retained entry once and in order, and reports down and up if one is missing', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
      const { shard, transitions, subscribers, errors } = await runSteps(steps)
      expect(errors).toEqual([])
      expect(transitions.at(-1)?.state).toBe('up')
      for (const { key, received, owedFrom } of subscribers) {
        const order = received.map((frame) => Number(frame.slice('frame '.length)))
        // after a fail-over, a page of the former stream may arrive late
        if (shard.lostTails === 0) expect(order).toEqual([...new Set(order)].sort((a, b) => a - b))
        const owed = shard.history.filter((each) => each.key === key && each.at >= owedFrom)
        const resumedAfter = (at: number): boolean =>
          transitions.some(({ state, at: reportedAt }) => state === 'up' && reportedAt >= at)
        for (const entry of owed) {
          if (received.includes(entry.frame)) continue
          // after a fail-over, lost entries and entries below the position cannot be distinguished
          const missingSince = shard.lostTails > 0 ? entry.at : entry.removedAt
          expect(missingSince, `${entry.frame} is retained, but was not delivered`).toBeDefined()
          expect(resumedAfter(missingSince ?? 0), `${entry.frame} was missed without a report`).toBe(true)
        }
      }
      // if no entry was removed, only lost connections and failed reads are reported
      const losses = transitions.filter(({ state }) => state === 'down').length
      if (shard.trims === 0) expect(losses).toBeLessThanOrEqual(shard.cuts + shard.failures)
    })
    await fc.assert(property, { numRuns: 1_000 })
  }, 60_000)

  it('reads a lost message from the stream without reporting down', async () => {
    const { shard, transitions, subscribers } = await runSteps([
      'append',
      'deliver',
      'lose a message',
      'append',
      'append',
    ])
    expect(subscribers.map(({ received }) => received)).toEqual([shard.history.map(({ frame }) => frame), []])
    expect(transitions.map(({ state }) => state)).toEqual(['up'])
  })

  it('reports down and up when the stream no longer has a missed entry', async () => {
    for (const before of [[], ['append', 'deliver']]) {
      const { transitions } = await runSteps([...before, 'lose a message', 'lose a message', 'trim', 'append'])
      expect(transitions.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
    }
  })

  it('reads nothing while each pushed entry follows the last one', async () => {
    const shard = new ScriptedShard()
    const connectivity = new Connectivity(() => {})
    const feed = new ShardedFeed(shard.listening, () => {}, connectivity)
    const reader = new StreamReader(feed, {
      commands: shard.commands,
      onError: () => {},
      onGap: () => connectivity.pulse(),
    })
    shard.restoreConnection()
    const delivered: string[] = []
    const subscribed = reader.subscribe(STREAM, scopes[0], (_, id = '') => delivered.push(id), undefined)
    await shard.settle()
    await subscribed
    const before = shard.executed
    for (let n = 0; n < 100; n++) shard.append(undefined)
    await shard.settle()
    expect(delivered).toHaveLength(100)
    expect(shard.executed).toBe(before)
    reader.close()
  })

  it('rejects a pending subscription on close, even if the connection was never up', async () => {
    const shard = new ScriptedShard()
    const connectivity = new Connectivity(() => {})
    const feed = new ShardedFeed(shard.listening, () => {}, connectivity)
    const reader = new StreamReader(feed, {
      commands: shard.commands,
      onError: () => {},
      onGap: () => connectivity.pulse(),
    })
    const subscribed = reader.subscribe(STREAM, scopes[0], () => {}, undefined)
    reader.close()
    shard.executeNext()
    shard.reply()
    await expect(subscribed).rejects.toMatchObject({ code: 'SYNC_CLOSED' })
  })
})

describe('parsePushedEntry()', () => {
  it('parses a pushed entry with any key and frame', () => {
    const property = fc.property(
      fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      fc.string(),
      (key, frame) => {
        const json = key === undefined ? undefined : JSON.stringify(key)
        const head = `1-0 2-1${json === undefined ? '' : ` ${json}`}`
        expect(parsePushedEntry(`${head}\n${frame}`)).toEqual({ previous: '1-0', id: '2-1', key: json, frame })
      },
    )
    fc.assert(property)
    expect(parsePushedEntry('hello')).toBeUndefined()
    expect(streamChannel('{p:s}::changes')).toBe('__dataChanged:{p:s}::changes')
  })
})
