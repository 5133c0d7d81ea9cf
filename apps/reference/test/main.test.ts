import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'

const main = join(import.meta.dirname, '../src/main.ts')

/** Runs the command as a process of its own, on what its arguments say and nothing else. */
function start(...args: readonly string[]) {
  const { SYNC_STORE: _store, SYNC_BUS: _bus, PORT: _port, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@sync/source', main, ...args], { env })
  const ended = Promise.all([once(child, 'exit'), text(child.stderr)]).then(([[code], error]) => ({ code, error }))
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  return { child, ended, told: () => out }
}

describe('the command', { timeout: 60_000 }, () => {
  it('prints where the page is, and ends in order when it is told to', async () => {
    const { child, ended, told } = start('--port', '0')
    const url = await vi.waitUntil(() => /http:\S+/.exec(told())?.[0], { timeout: 30_000 })
    expect(await (await fetch(url)).text()).toContain('<title>')
    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, error: '' })
  })

  it('refuses what it does not know, with its usage', async () => {
    const { code, error } = await start('--fast').ended
    expect(error).toMatch(/--fast.*\n\nUsage: npm start/)
    expect(code).toBe(2)
    for (const [option, url] of [
      ['--store', 'pigeon:'],
      ['--bus', 'memory:?drop=0.2'],
    ] as const) {
      const refused = await start(option, url).ended
      expect(refused.error).toMatch(/(pigeon|"drop").*\n\nUsage: npm start/)
      expect(refused.code).toBe(2)
    }
  })

  it('replays the feed without a page, and tells by its exit code what came out', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reference-'))
    try {
      const file = join(folder, 'feed.jsonl')
      await writeFile(file, '{"t":"2024-01-01T00:00:00Z","key":"a","value":{"n":1}}\n')
      const { ended, told } = start('--headless', '--file', file)
      expect(await ended).toEqual({ code: 0, error: '' })
      expect(told()).toMatch(/^consistent: 1 documents? × 3 replicas$/m)
      const missing = await start('--headless', '--file', join(folder, 'none')).ended
      expect(missing.code).toBe(1)
      // its memory is that of the packages, faults and all
      const shaken = await start('--headless', '--file', file, '--bus', 'memory:?shake=1').ended
      expect(shaken).toMatchObject({ code: 2, error: expect.stringContaining('it takes drop, repeat, reorder, delay') })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
