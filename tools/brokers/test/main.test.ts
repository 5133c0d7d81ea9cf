import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canTest } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectRedis } from './connect-redis.ts'
import { WAIT_OPTIONS } from './timeouts.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../src/main.ts')

describe.runIf(await canTest('pnpm brokers', { broker: 'redis', controllable: true }))('pnpm brokers', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sync-brokers-main-'))
  })
  afterAll(async () => {
    await brokers('down')
    await rm(folder, { recursive: true })
  })

  /** Runs the command and returns its output. Its own TMPDIR gives the test a daemon of its own. */
  async function brokers(...args: string[]): Promise<string> {
    const env = { ...process.env, TMPDIR: folder }
    const { stdout } = await run(process.execPath, ['--conditions=@sync/source', main, ...args], { env })
    return stdout
  }

  it('starts a broker that outlives the command, prints its URL, and stops it', async () => {
    expect(await brokers('status')).toBe('no brokers are running\n')
    const up = await brokers('up', 'redis')
    const url = /redis:\S+/.exec(up)?.[0] ?? ''
    {
      await using client = connectRedis(url)
      expect(await client.ping()).toBe('PONG')
    }
    expect(await brokers('up', 'redis')).toBe(up)
    expect(await brokers('status')).toBe(up)
    expect(await brokers('down')).toBe('stopped: redis\n')
    expect(await brokers('down')).toBe('no brokers were running\n')
    await using client = connectRedis(url, { lazyConnect: true })
    await expect(client.connect()).rejects.toThrow('closed')
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]), WAIT_OPTIONS)
  })

  it('lists the brokers when the command or the broker is unknown', async () => {
    await expect(brokers('sideways')).rejects.toThrow(
      expect.objectContaining({ stdout: expect.stringContaining('NAME: redis') }),
    )
    await expect(brokers('up', 'oracle')).rejects.toThrow(
      expect.objectContaining({ stderr: expect.stringContaining('oracle: unknown broker; expected one of redis') }),
    )
  })
})
