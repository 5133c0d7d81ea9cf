import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
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

// pauses pass at each turn
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

/** Somebody who listens, and what it is owed. */
interface TestSubscriber {
  readonly key: string | undefined
  readonly received: string[]
  /** It is owed what was added since. */
  owedFrom: number
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('append', 'append to a') },
  { weight: 5, arbitrary: fc.constant('deliver') },
  { weight: 6, arbitrary: fc.constantFrom('serve', 'reply', 'acknowledge') },
  { weight: 2, arbitrary: fc.constantFrom('hear', 'hear a', 'hear from an offset') },
  { weight: 2, arbitrary: fc.constantFrom('cut', 'mend', 'move', 'rest') },
  { weight: 1, arbitrary: fc.constantFrom('fail', 'trim', 'delete', 'lose the tail', 'garbage') },
)

/** Runs the steps, lets everything settle, and says who was shown what. */
async function play(steps: readonly string[]) {
  const shard = new ScriptedShard()
  /** What was told, and the number of the step. */
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
        // refused: away, or the offset is lost
        () => {},
      )
  }
  const run: Readonly<Record<string, () => void | Promise<void>>> = {
    append: () => shard.append(undefined),
    'append to a': () => shard.append('"a"'),
    deliver: () => shard.deliver(),
    serve: () => shard.executeNext(),
    reply: () => shard.reply(),
    acknowledge: () => shard.acknowledge(),
    subscribe: () => subscribe(0),
    'hear a': () => subscribe(1),
    'hear from an offset': () => subscribe(0, shard.history[Math.floor(shard.history.length / 2)]),
    rest: () => shard.settle(),
    fail: () => shard.fail(),
    cut: () => shard.cut(),
    mend: () => shard.reconnectLine(),
    move: () => shard.toggleMove(),
    trim: () => shard.trim(),
    delete: () => shard.delete(),
    'lose the tail': () => shard.loseTail(),
    garbage: () => shard.pushGarbage(),
    swallow: () => shard.loseMessage(),
  }
  shard.reconnectLine()
  subscribe(0)
  subscribe(1)
  await shard.settle()
  for (const each of steps) {
    await run[each]?.()
    await shard.tick()
  }
  await shard.settle()
  reader.close()
  return { shard, told: transitions, hearers: subscribers, errors }
}

it('each is shown every entry that is still there, in order and once, and told where one is not', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
    const { shard, told, hearers, errors } = await play(steps)
    expect(errors).toEqual([])
    expect(told.at(-1)?.state).toBe('up')
    for (const { key, received, owedFrom } of hearers) {
      const order = received.map((frame) => Number(frame.slice('frame '.length)))
      // a page of a history that was lost may come late
      if (shard.lostTails === 0) expect(order).toEqual([...new Set(order)].sort((a, b) => a - b))
      const owed = shard.history.filter((each) => each.key === key && each.at >= owedFrom)
      const toldAfter = (at: number): boolean => told.some(({ state, at: when }) => state === 'up' && when >= at)
      for (const entry of owed) {
        if (received.includes(entry.frame)) continue
        // of a history that was lost, or below what was seen of one: nobody can tell them apart
        const excused = shard.lostTails > 0 ? entry.at : entry.removedAt
        expect(excused, `${entry.frame} is there, and was not shown`).toBeDefined()
        expect(toldAfter(excused ?? 0), `${entry.frame} was not shown in silence`).toBe(true)
      }
    }
    // where nothing was taken away there is nothing to tell but lines that were lost
    const losses = told.filter(({ state }) => state === 'down').length
    if (shard.trims === 0) expect(losses).toBeLessThanOrEqual(shard.cuts + shard.failures)
  })
  await fc.assert(property, { numRuns: 1_000 })
}, 60_000)

it('a hole in what is heard is read from the stream: no line was lost, and nobody is told', async () => {
  const { shard, told, hearers } = await play(['append', 'deliver', 'swallow', 'append', 'append'])
  expect(hearers.map(({ received }) => received)).toEqual([shard.history.map(({ frame }) => frame), []])
  expect(told.map(({ state }) => state)).toEqual(['up'])
})

it('a hole that the stream no longer has is told, also from its very beginning on', async () => {
  for (const before of [[], ['append', 'deliver']]) {
    const { told } = await play([...before, 'swallow', 'swallow', 'trim', 'append'])
    expect(told.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
  }
})

it('while each entry follows the last one nothing is read', async () => {
  const shard = new ScriptedShard()
  const connectivity = new Connectivity(() => {})
  const feed = new ShardedFeed(shard.listening, () => {}, connectivity)
  const reader = new StreamReader(feed, {
    commands: shard.commands,
    onError: () => {},
    onGap: () => connectivity.pulse(),
  })
  shard.reconnectLine()
  const shown: string[] = []
  const listening = reader.subscribe(STREAM, scopes[0], (_, id = '') => shown.push(id), undefined)
  await shard.settle()
  await listening
  const before = shard.executed
  for (let n = 0; n < 100; n++) shard.append(undefined)
  await shard.settle()
  expect(shown).toHaveLength(100)
  expect(shard.executed).toBe(before)
  reader.close()
})

it('a subscription that was under way when the bus was closed rejects, though its line never was up', async () => {
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

it('what comes on the channel is read as it was written, whatever the key and the frame', () => {
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
