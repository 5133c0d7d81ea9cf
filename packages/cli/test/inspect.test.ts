import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { connect } from '@sync/config'
import { defineCollection, type SyncInstance } from '@sync/core'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCli } from './run-cli.ts'

const prices = defineCollection<{ amount: number; note?: string }>({ section: 'price', ttl: '7d' })

describe.runIf(await canTest('sync inspect', { broker: 'redis', controllable: true }))('sync inspect', () => {
  let redis: RedisServer
  let sync: SyncInstance
  beforeAll(async () => {
    redis = await startRedis()
    sync = await connect({ store: redis.url, bus: redis.url })
    const eu = sync.collection(prices, { partition: 'eu' })
    await eu.create('sku-1', { amount: 4, note: 'ann@example.org' })
    await eu.update('sku-1', (price) => {
      price.amount = 5
    })
    await eu.create('sku-2', { amount: 1 }, { meta: { actor: 'ann' } })
    await eu.create('a/b%', { amount: 1 })
    await sync.collection(prices, { partition: 'a/b' }).create('k', { amount: 1 })
  })
  afterAll(async () => {
    await sync.close()
    await redis[Symbol.asyncDispose]()
  })

  it('lists the sections with documents, sequence and epoch', async () => {
    const { code, out, error } = await runCli(['inspect', redis.url])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(
      /^SECTION {6}DOCUMENTS {2}SEQUENCE {2}EPOCH .*DEFINITION\na%2Fb\/price {10}1 {9}1 {2}\S+ {2}\S+\neu\/price {13}3 {9}4 {2}\S+ {2}\S+$/,
    )
    expect(JSON.parse((await runCli(['inspect', redis.url, '--json'])).out)).toMatchObject([
      { partition: 'a/b', section: 'price', documents: 1, sequence: 1 },
      { partition: 'eu', section: 'price', documents: 3, sequence: 4, definition: { subscribeBy: 'section' } },
    ])
  })

  it('prints head, lineage, log, keys and recent changes of a section', async () => {
    const { code, out } = await runCli(['inspect', redis.url, 'eu/price'])
    expect(code).toBe(0)
    expect(out).toMatch(/^eu\/price\n {2}sequence {4}4\n {2}epoch {7}\S+\n {2}lineage {5}no earlier epoch\n/)
    expect(out).toMatch(/definition {2}subscribeBy section, digest \S+\n {2}log {9}4 changes, 1 … 4\n/)
    expect(out).toMatch(/^3 documents\n {2}a\/b%\n {2}sku-1\n {2}sku-2$/m)
    expect(out).toMatch(
      /^recent changes\n {2}1 {2}\S+ {2}sku-1 {2}v1 {2}=amount =note {2}\S+\n {2}2 .* v2 {2}[=~]amount /m,
    )
    expect(out).not.toContain('ann')
  })

  it('pages through the keys', async () => {
    const first = await runCli(['inspect', redis.url, 'eu/price', '--prefix', 'sku', '--limit', '1'])
    expect(first.out).toMatch(/^2 documents\n {2}sku-1\n {2}… continue with --after "sku-1"$/m)
    const second = await runCli([
      'inspect',
      redis.url,
      'eu/price',
      '--prefix',
      'sku',
      '--limit',
      '1',
      '--after',
      'sku-1',
    ])
    expect(second.out).toMatch(/^2 documents\n {2}sku-2\n\n/m)
  })

  it('prints versions, TTL and changes of a document, and values only on request', async () => {
    const { code, out } = await runCli(['inspect', redis.url, 'eu/price/sku-1'])
    expect(code).toBe(0)
    expect(out).toMatch(/^eu\/price\/sku-1\n {2}generation {2}1\n {2}version {5}2\n/)
    expect(out).toMatch(/ {2}expires {5}in 6 d\n/)
    expect(out).toMatch(/ {4}amount {2}v2\n {4}note {4}v1\n/)
    expect(out).not.toContain('example.org')
    const shown = await runCli(['inspect', redis.url, 'eu/price/sku-1', '--values', '--json'])
    expect(JSON.parse(shown.out)).toMatchObject({
      key: 'sku-1',
      exists: true,
      generation: 1,
      version: 2,
      fieldVersions: { amount: 2, note: 1 },
      value: { amount: 5, note: 'ann@example.org' },
      changes: [{ sequence: 1 }, { sequence: 2, fields: [{ field: 'amount', version: 2 }] }],
    })
    expect((await runCli(['inspect', redis.url, 'eu/price/a/b%25'])).code).toBe(0)
    expect((await runCli(['inspect', redis.url, 'a%2Fb/price/k'])).code).toBe(0)
  })

  it('exits with 1 for an absent document, and for an absent section, which it does not create', async () => {
    expect(await runCli(['inspect', redis.url, 'eu/price/none'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('absent'),
    })
    const { code, error } = await runCli(['inspect', redis.url, 'eu/prise'])
    expect({ code, error }).toEqual({
      code: 1,
      error: expect.stringMatching(/^eu\/prise: the store has no such section; /),
    })
    const client = new Redis(redis.url)
    expect(await client.keys('eu:prise*')).toEqual([])
    client.disconnect()
  })

  it('follows changes until it is stopped', async () => {
    const stop = new AbortController()
    const lines: string[] = []
    const { main } = await import('@sync/cli')
    const ended = main(['inspect', redis.url, 'eu/price/sku-2', '--follow', '--json'], {
      print: (line) => lines.push(line),
      printError: (line) => lines.push(line),
      hasColors: false,
      signal: stop.signal,
    })
    await vi.waitUntil(() => lines.length === 1, { timeout: 10_000 })
    const eu = sync.collection(prices, { partition: 'eu' })
    await eu.set('sku-1', { amount: 9 })
    await eu.set('sku-2', { amount: 2 })
    await eu.delete('sku-2')
    await vi.waitUntil(() => lines.length === 3, { timeout: 10_000 })
    stop.abort()
    expect(await ended).toBe(0)
    expect(lines.slice(1).map((line) => JSON.parse(line))).toMatchObject([
      { key: 'sku-2', version: 2, fields: [{ field: 'amount' }] },
      { key: 'sku-2', fields: 'removed' },
    ])
  })

  it.each([
    [['inspect'], /^expected the URL of a store/],
    [
      ['inspect', 'redis://x', 'eu'],
      /^ADDRESS: expected partition\/section or partition\/section\/key, got "eu"\. See --help$/,
    ],
    [['inspect', 'redis://x', 'eu/%zz'], /^ADDRESS: expected valid percent-encoding/],
    [['inspect', 'redis://x', '--follow'], /^--follow: expected an ADDRESS/],
    [
      ['inspect', 'redis://x', '--limit', 'many'],
      /^--limit: expected an integer of at least 1, got "many"\. See --help$/,
    ],
    [['inspect', 'redis://x', '--value'], /^unknown option --value; did you mean --values\? See --help$/],
    [['inspect', 'memory:'], /^memory: expected an adapter that lists sections, got none/],
    [['inspect', 'nats://x'], /^nats: expected the URL of a store, got that of a bus/],
    [['inspect', 'pigeon://roof'], /^no adapter for pigeon: URLs/],
    [['doctor'], /^expected at least one URL/],
    [['doctor', 'redis://u:wr0ng@x?typo=1'], /^unknown parameter "typo"/],
    [
      ['docter', 'redis://x'],
      /^COMMAND: expected one of doctor, inspect, got "docter"; did you mean doctor\? See --help$/,
    ],
    [['--jsn'], /^unknown option --jsn\. See --help$/],
    [[], /^expected a COMMAND/],
  ])('exits with 2 and one line for %j', async (args, line) => {
    const { code, out, error } = await runCli(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(error).toMatch(line)
    expect(error).not.toContain('wr0ng')
  })

  it.each([['--help'], ['doctor', '--help'], ['inspect', '--help']])('prints usage for %j %j', async (...args) => {
    const { code, out } = await runCli(args.filter(Boolean))
    expect(code).toBe(0)
    expect(out).toMatch(/^Usage: sync .*^Examples:.*^Exit code: /ms)
  })
})
