import { canTest, type RedisServer, startRedis } from '@sync/brokers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

/** Everything that the store and the bus over Pub/Sub need, as the README of the adapter lists it. */
const RIGHTS = '+@scripting +@hash +@stream +@string +@keyspace +@pubsub +info +time +ping +client'.split(' ')

describe.runIf(await canTest('sync doctor redis://…', { broker: 'redis', controllable: true }))(
  'sync doctor redis://…',
  () => {
    let redis: RedisServer
    let admin: Redis
    beforeAll(async () => {
      redis = await startRedis()
      admin = new Redis(redis.url)
      await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', ...RIGHTS)
    })
    afterAll(async () => {
      admin.disconnect()
      await redis[Symbol.asyncDispose]()
    })

    const asApp = (password = 'secret'): string => redis.url.replace('redis://', `redis://app:${password}@`)
    /** Replaces what differs from run to run. */
    const stable = (text: string): string =>
      text
        .replaceAll(`${redis.port}`, 'PORT')
        .replace(/(Redis|Valkey) \d\S*/, 'VERSION')
        .replace(/memory {8}.*/, 'memory         USED')
        .replace(/\d+ ms (?:ahead of|behind) this/, 'SKEW this')
        .replace(/latency {7}.*/, 'latency       TIMES')
        .replace(/\d+ of 10000/, 'N of 10000')

    it('prints one line per check, and exits with 0 when a server is fit', async () => {
      const { code, out, error } = await runCli(['doctor', asApp()])
      expect(stable(out)).toBe(
        `redis://127.0.0.1:PORT
  ok    connection     127.0.0.1:PORT
  ok    version        VERSION
  ok    mode           single server
  warn  replication    master without a replica: the loss of its machine loses the data → add a replica, unless the documents can be created again
  ok    eviction       maxmemory-policy noeviction
  ok    memory         USED
  ok    persistence    append-only file
  ok    clients        N of 10000 connections
  ok    rights: store  every command is permitted
  ok    rights: bus    every command is permitted
  ok    clock          SKEW this machine
  ok    latency       TIMES

11 ok, 1 warning, 0 failed`,
      )
      expect({ code, error }).toEqual({ code: 0, error: '' })
    })

    it('changes nothing on the server', async () => {
      await admin.flushall()
      await runCli(['doctor', asApp()])
      expect(await admin.dbsize()).toBe(0)
    })

    it.each([
      [
        'maxmemory-policy',
        'allkeys-lru',
        /fail {2}eviction {7}maxmemory-policy allkeys-lru → set maxmemory-policy noeviction/,
      ],
      ['maxmemory', 'used', /(warn|fail) {2}memory {9}.* used, \d+ % of maxmemory .* → raise maxmemory/],
      ['appendonly', 'no', /warn {2}persistence {4}appendonly no: a restart loses .* → set appendonly yes/],
    ])('reports %s %s with its remedy', async (name, value, line) => {
      const [, before] = (await admin.config('GET', name)) as [string, string]
      const used = /used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]
      if (name !== 'maxmemory') await admin.config('SET', 'maxmemory', '1gb')
      await admin.config('SET', name, value === 'used' ? `${Math.floor(Number(used) * 1.05)}` : value)
      try {
        const { code, out } = await runCli(['doctor', asApp()])
        expect(out).toMatch(line)
        expect(code).toBe(/^ {2}fail/m.test(out) ? 1 : 0)
      } finally {
        await admin.config('SET', name, before)
        await admin.config('SET', 'maxmemory', '0')
      }
    })

    it.each([
      ['hset', /fail {2}rights: store {2}the user may not run hset → ACL SETUSER … \+hset/],
      ['eval', /fail {2}rights: store {2}the user may not run eval → /],
      ['publish', /warn {2}rights: bus {4}the user may not run publish → ACL SETUSER … \+publish/],
      ['info', /warn {2}server {9}could not be checked: NOPERM/],
    ])('names the command %s when the user may not run it', async (command, line) => {
      await admin.call('ACL', 'SETUSER', 'app', `-${command}`)
      try {
        expect((await runCli(['doctor', asApp()])).out).toMatch(line)
      } finally {
        await admin.call('ACL', 'SETUSER', 'app', `+${command}`)
      }
    })

    it('does not mistake a user with few keys and channels for one without rights to commands', async () => {
      await admin.call('ACL', 'SETUSER', 'few', 'on', '>secret', '~eu:*', '&__dataChanged:eu:*', ...RIGHTS)
      const { out } = await runCli(['doctor', asApp().replace('app', 'few')])
      expect(out).toMatch(/ok {4}rights: store/)
      expect(out).toMatch(/ok {4}rights: bus/)
    })

    it.each([
      ['a wrong password', () => asApp('wr0ng'), /connection {5}.*WRONGPASS/],
      [
        'a refused connection',
        () => 'redis://app:wr0ng@127.0.0.1:1/',
        /connection {5}Redis at 127\.0\.0\.1:1 .* → check host/,
      ],
    ])('reports %s as the only check, without the password', async (_, url, line) => {
      const { code, out, error } = await runCli(['doctor', url()])
      expect(code).toBe(1)
      expect(out).toMatch(line)
      expect(out).toContain('0 ok, 0 warnings, 1 failed')
      expect(out + error).not.toContain('wr0ng')
    })

    it('prints JSON, and checks each server of the URL', async () => {
      const partition = encodeURIComponent(asApp())
      const { out } = await runCli(['doctor', `${asApp()}?partition.eu=${partition}%3Ftimeout=1s`, 'memory:', '--json'])
      const [first, second] = JSON.parse(out)
      expect(out).not.toContain('secret')
      expect(second).toEqual({ url: 'memory:', checks: [] })
      expect(first.url).toBe(redis.url)
      expect(first.checks.filter(({ check }: { check: string }) => check === 'connection')).toHaveLength(2)
      expect(first.checks[0]).toEqual({
        check: 'connection',
        result: 'ok',
        detail: `127.0.0.1:${redis.port}`,
        server: `127.0.0.1:${redis.port}`,
      })
    })
  },
)
