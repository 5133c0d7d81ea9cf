import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  canTest,
  createCertificate,
  ExternalServerError,
  type RedisFlavor,
  type RedisServer,
  startRedis,
} from '@sync/brokers'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

const requirements = { broker: 'redis', controllable: true } as const

/** A program that starts a server and keeps running. */
const orphan = join(import.meta.dirname, 'orphan.ts')

async function isUp(url: string): Promise<boolean> {
  await using client = connectRedis(url, { lazyConnect: true })
  return await client.connect().then(
    () => true,
    () => false,
  )
}

const flavors: readonly RedisFlavor[] = ['redis', 'valkey']
for (const flavor of flavors)
  describe.runIf(await canTest(`the ${flavor} server`, { broker: flavor, controllable: true }))(
    `startRedis({ flavor: '${flavor}' })`,
    () => {
      let redis: RedisServer
      beforeAll(async () => {
        redis = await startRedis({ flavor })
      })
      afterAll(() => redis[Symbol.asyncDispose]())

      it('resolves when the server is ready, and reports its version', async () => {
        await using client = connectRedis(redis.url)
        expect(await client.info('server')).toContain(`${flavor}_version:${redis.version}`)
      })

      it('is unreachable when killed, and keeps its URL and data when restarted', async () => {
        await using before = connectRedis(redis.url)
        await before.set('kept', 'yes')
        await redis.kill()
        expect(await isUp(redis.url)).toBe(false)
        await redis.restart()
        await using after = connectRedis(redis.url)
        expect(await after.get('kept')).toBe('yes')
      })

      it('ignores a stop or kill of a stopped server', async () => {
        await redis.stop()
        await redis.stop()
        await redis.kill()
        expect(await isUp(redis.url)).toBe(false)
        await redis.restart()
        expect(await isUp(redis.url)).toBe(true)
      })

      it('restarts a running server as a new process with the same data', async () => {
        await using before = connectRedis(redis.url)
        const runId = async (client: Redis) => /run_id:(\w+)/.exec(await client.info('server'))?.[1]
        await before.set('kept', 'still')
        const first = await runId(before)
        await redis.restart()
        await using after = connectRedis(redis.url)
        expect(await runId(after)).not.toBe(first)
        expect(await after.get('kept')).toBe('still')
      })

      it('accepts connections without answering while paused, and answers when resumed', async () => {
        await using client = connectRedis(redis.url)
        await client.ping()
        await redis.pause()
        let answered = false
        const answer = client.ping().finally(() => {
          answered = true
        })
        await using impatient = connectRedis(redis.url, { commandTimeout: 50 })
        await expect(impatient.ping()).rejects.toThrow('timed out')
        expect(answered).toBe(false)
        await redis.resume()
        expect(await answer).toBe('PONG')
      })

      it('stops a paused server', async () => {
        await redis.pause()
        await redis.stop()
        expect(await isUp(redis.url)).toBe(false)
        await redis.restart()
      })

      it("truncates commits from its log and counts a script's writes as one", async () => {
        await using before = connectRedis(redis.url)
        await before.set('first', '1')
        await before.eval("redis.call('SET', 'a', '1') redis.call('SET', 'b', '1')", 0)
        await before.select(3)
        await before.set('last', '\r\n*1\r\n')
        await redis.kill()
        expect(await redis.truncateLog({ commits: 2 })).toBeGreaterThan(0)
        await redis.restart()
        await using after = connectRedis(redis.url)
        expect(await after.mget('first', 'a', 'b')).toEqual(['1', null, null])
        await after.select(3)
        expect(await after.exists('last')).toBe(0)
      })

      it('truncates bytes from its log and loses the command that was cut', async () => {
        await using before = connectRedis(redis.url)
        await before.mset('whole', '1')
        await before.set('half', '1')
        await redis.kill()
        expect(await redis.truncateLog({ bytes: 3 })).toBe(3)
        await redis.restart()
        await using after = connectRedis(redis.url)
        expect(await after.mget('whole', 'half')).toEqual(['1', null])
      })

      it('refuses to truncate the log of a running server', async () => {
        await expect(redis.truncateLog({ commits: 1 })).rejects.toThrow('kill it first')
      })

      it('passes directives to redis.conf and reports an invalid one with the log', async () => {
        await using small = await startRedis({
          flavor,
          config: { maxmemory: '2mb', 'maxmemory-policy': 'allkeys-lru' },
        })
        await using client = connectRedis(small.url)
        expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'allkeys-lru'])
        await expect(startRedis({ flavor, config: { 'no-such-thing': '1' } })).rejects.toThrow(
          /exited before it was ready:[\s\S]*no-such-thing/,
        )
      })
    },
  )

describe.runIf(await canTest('the lifetime of a Redis server', requirements))('startRedis', () => {
  it('returns the server of SYNC_TEST_REDIS_URL unchanged and rejects its fault controls', async () => {
    await using redis = await startRedis()
    vi.stubEnv('SYNC_TEST_REDIS_URL', redis.url)
    await using external = await startRedis()
    expect(external).toMatchObject({ url: redis.url, port: redis.port, version: redis.version })
    await expect(external.kill()).rejects.toThrow(ExternalServerError)
    await expect(external.truncateLog({ bytes: 1 })).rejects.toThrow(ExternalServerError)
    await external[Symbol.asyncDispose]()
    expect(await isUp(redis.url)).toBe(true)
    vi.stubEnv('CI', 'true')
    await expect(canTest('faults', requirements)).rejects.toThrow('NOT TESTED: faults')
    vi.stubEnv('CI', '')
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(await canTest('faults', requirements)).toBe(false)
    expect(stderr).toHaveBeenCalledWith(expect.stringContaining('NOT TESTED: faults'))
    stderr.mockRestore()
    vi.unstubAllEnvs()
  })

  it('requires the configured credentials and TLS', async () => {
    const { cert, certFile, keyFile } = await createCertificate()
    await using redis = await startRedis({
      config: {
        'tls-cert-file': certFile,
        'tls-key-file': keyFile,
        'tls-auth-clients': 'no',
        user: 'ann on >s3cr3t ~* &* +@all',
        requirepass: 'other',
      },
      connection: { username: 'ann', password: 's3cr3t', tls: { ca: cert } },
    })
    expect(redis.url).toBe(`rediss://ann:s3cr3t@127.0.0.1:${redis.port}`)
    await using client = connectRedis(redis.url, { tls: { ca: cert } })
    expect(await client.acl('WHOAMI')).toBe('ann')
    expect(await isUp(redis.url)).toBe(false)
    await using stranger = connectRedis(redis.url.replace('s3cr3t', 'guess'), { tls: { ca: cert } })
    await expect(stranger.ping()).rejects.toThrow('WRONGPASS')
  })

  it('ends the server when the process that started it is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sync-brokers-orphan-'))
    const parent = spawn(process.execPath, ['--conditions=@sync/source', orphan], {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const url = `${(await once(parent.stdout, 'data'))[0]}`.trim()
    expect(await isUp(url)).toBe(true)
    expect(await readdir(folder)).toHaveLength(1)
    parent.kill('SIGKILL')
    await vi.waitFor(async () => {
      expect(await isUp(url)).toBe(false)
      expect(await readdir(folder)).toEqual([])
    }, WAIT_OPTIONS)
    await rmdir(folder)
  })
})
