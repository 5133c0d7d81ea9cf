import { createInstance } from '@sync/core'
import { redisBus, redisStore } from '@sync/redis'
import { Redis } from 'ioredis'
import { changeOf, documents, keyOf, PARTITION } from './documents.ts'
import { type ClientName, openRawClient } from './raw-client.ts'

/** Creation time that is late enough for the script's op memory to accept every repeat. */
const ALWAYS_VALID = 1e12
/** Index of the operation's creation time among the script's numeric arguments. */
const OP_ID_ORIGIN_INDEX = 3

let idCount = 0

/** Calls the store's commit script directly: one write per call, published by the script. */
export interface RawCommit extends Disposable {
  /** Commits write `n`. */
  commit(n: number, price?: number): Promise<unknown>
}

/**
 * Captures a script call of `assign`, and repeats it with other keys, values and ids.
 * @throws Error if the script does not commit the repeated call
 */
export async function openRawCommit(url: string, name: ClientName): Promise<RawCommit> {
  const call = await captureCall(url)
  const client = await openRawClient(url, name)
  const [first, ...more] = call.map((text) => substitution(text))
  if (first === undefined) throw new Error('expected a captured script call, got none')
  const commit = (n: number, price = n): Promise<unknown> =>
    client.call([first(n, price), ...more.map((each) => each(n, price))])
  const answer = await commit(1)
  if (!JSON.stringify(answer).includes('"c ')) throw new Error(`expected the script to commit, got ${answer}`)
  return { commit, [Symbol.dispose]: () => client[Symbol.dispose]() }
}

/** Returns the last script call of an `assign`. */
async function captureCall(url: string): Promise<readonly string[]> {
  const calls: string[][] = []
  const client = new Redis(url)
  const call = client.call.bind(client)
  client.call = ((name: string, args: string[]) => {
    if (name === 'EVALSHA') calls.push([name, ...args])
    return call(name, args)
  }) as typeof client.call
  const sync = createInstance({ store: redisStore(client), bus: redisBus(url) })
  // a write to an uncached document has no precondition, so its call can be repeated
  const collection = sync.collection({ ...documents, replicate: 'on-demand' }, { partition: PARTITION })
  await collection.ready()
  await collection.assign(keyOf(0), { price1: 'THE NUMBER', route1: 'THE TEXT' })
  const captured = calls.findLast((args) => args.some((arg) => arg.includes('THE NUMBER')))
  await sync.close()
  client.disconnect()
  if (!captured) throw new Error('expected assign to call the script, got no call')
  return captured.map((arg) => (isId(arg, captured) ? 'THE ID' : arg))
}

/** Whether `arg` is the operation id, which precedes the key in the script's arguments. */
const isId = (arg: string, args: readonly string[]): boolean => args[args.indexOf(JSON.stringify(keyOf(0))) - 1] === arg

function substitution(text: string): (n: number, price: number) => string {
  // every write needs its own operation id
  if (text === 'THE ID') return () => `raw-${++idCount}`
  if (text === '"THE NUMBER"') return (_, price) => JSON.stringify(price)
  if (text === '"THE TEXT"') return (n) => JSON.stringify(changeOf(n)['route1'])
  if (text.includes(keyOf(0))) return (n) => text.replace(keyOf(0), keyOf(n))
  const numbers = parseNumbers(text)
  if (!numbers) return () => text
  const withValidOrigin = JSON.stringify(numbers.with(OP_ID_ORIGIN_INDEX, ALWAYS_VALID))
  return () => withValidOrigin
}

function parseNumbers(text: string): number[] | undefined {
  if (!text.startsWith('[')) return undefined
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) && parsed.length > OP_ID_ORIGIN_INDEX && parsed.every((each) => typeof each === 'number')
    ? parsed
    : undefined
}
