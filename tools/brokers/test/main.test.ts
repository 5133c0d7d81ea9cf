import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
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
  const brokers = (...args: string[]): Promise<string> => runMain(main, ...args)

  async function runMain(file: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, TMPDIR: folder }
    const { stdout } = await run(process.execPath, ['--conditions=@sync/source', file, ...args], { env })
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

  it('pauses, resumes, kills and restarts a broker by name, and prints its state', async () => {
    const up = await brokers('up', 'redis')
    const url = /redis:\S+/.exec(up)?.[0] ?? ''
    await using client = connectRedis(url)
    await client.set('k', 'v')
    expect(await brokers('pause', 'redis')).toMatch(/paused\n$/)
    expect(await brokers('status')).toMatch(/paused\n$/)
    expect(await brokers('resume', 'redis')).toBe(up)
    expect(await client.get('k')).toBe('v')
    expect(await brokers('kill', 'redis')).toMatch(/killed\n$/)
    expect(await brokers('restart', 'redis')).toBe(up)
    await using again = connectRedis(url)
    expect(await again.get('k')).toBe('v')
    await expect(brokers('kill', 'nats')).rejects.toThrow(
      expect.objectContaining({
        code: 1,
        stderr: expect.stringContaining('nats: expected a running broker, got none'),
      }),
    )
    await brokers('down')
  })

  it('leaves the brokers of another checkout running', async () => {
    const other = join(folder, 'other')
    await cp(join(import.meta.dirname, '../src'), join(other, 'src'), { recursive: true })
    await writeFile(join(other, 'package.json'), '{"type":"module"}')
    await symlink(join(import.meta.dirname, '../node_modules'), join(other, 'node_modules'))
    const up = await brokers('up', 'redis')
    expect(await runMain(join(other, 'src/main.ts'), 'status')).toBe('no brokers are running\n')
    expect(await runMain(join(other, 'src/main.ts'), 'down')).toBe('no brokers were running\n')
    expect(await brokers('status')).toBe(up)
    await brokers('down')
    await rm(other, { recursive: true })
  })

  it('suggests a name when the command or the broker is misspelt', async () => {
    await expect(brokers('dwon')).rejects.toThrow(
      expect.objectContaining({
        code: 2,
        stderr: expect.stringMatching(/^COMMAND: .*; did you mean down\? See --help\n$/),
      }),
    )
    await expect(brokers('up', 'kafak')).rejects.toThrow(
      expect.objectContaining({
        code: 2,
        stderr: expect.stringMatching(/^NAME: .*; did you mean kafka\? See --help\n$/),
      }),
    )
    await expect(brokers('pause')).rejects.toThrow(
      expect.objectContaining({ code: 2, stderr: 'pause: expected the NAME of a broker, got none. See --help\n' }),
    )
  })
})
