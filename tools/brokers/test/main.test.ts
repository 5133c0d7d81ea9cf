import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canTest } from '@sync/brokers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
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

  /** What it prints; with its own place for temporary files, it has a keeper of its own. */
  async function brokers(...args: string[]): Promise<string> {
    const env = { ...process.env, TMPDIR: folder }
    const { stdout } = await run(process.execPath, ['--conditions=@sync/source', main, ...args], { env })
    return stdout
  }

  test('starts a broker that outlives the command, tells its URL, and stops it', async () => {
    expect(await brokers('status')).toBe('none is up\n')
    const up = await brokers('up', 'redis')
    const url = /redis:\S+/.exec(up)?.[0] ?? ''
    {
      await using client = connectRedis(url)
      expect(await client.ping()).toBe('PONG')
    }
    expect(await brokers('up', 'redis')).toBe(up)
    expect(await brokers('status')).toBe(up)
    expect(await brokers('down')).toBe('stopped: redis\n')
    expect(await brokers('down')).toBe('none was up\n')
    await using client = connectRedis(url, { lazyConnect: true })
    await expect(client.connect()).rejects.toThrow('closed')
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]), WAIT_OPTIONS)
  })

  test('says what there is when it is asked for something else', async () => {
    await expect(brokers('sideways')).rejects.toThrow(
      expect.objectContaining({ stdout: expect.stringContaining('NAME: redis') }),
    )
    const refused = brokers('up', 'oracle')
    await expect(refused).rejects.toThrow(
      expect.objectContaining({ stderr: expect.stringContaining('oracle: there is none') }),
    )
  })
})
