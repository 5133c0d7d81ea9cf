import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'

const main = join(import.meta.dirname, '../src/main.ts')

/** Starts the command as a separate process. It ignores this process's `SYNC_STORE`, `SYNC_BUS` and `PORT`. */
function start(...args: readonly string[]) {
  const { SYNC_STORE: _store, SYNC_BUS: _bus, PORT: _port, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@sync/source', main, ...args], { env })
  const ended = Promise.all([once(child, 'exit'), text(child.stderr)]).then(([[code], error]) => ({ code, error }))
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  return { child, ended, output: () => out }
}

describe('npm start', { timeout: 60_000 }, () => {
  it("prints the page's URL, and exits with 0 on SIGTERM", async () => {
    const { child, ended, output } = start('--port', '0')
    const url = await vi.waitUntil(() => /http:\S+/.exec(output())?.[0], { timeout: 30_000 })
    expect(await (await fetch(url)).text()).toContain('<title>')
    child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, error: '' })
  })

  it('prints the problem in one line when an option or URL is invalid', async () => {
    const { code, error } = await start('--fast').ended
    expect(error).toMatch(/--fast.*\n$/)
    expect(code).toBe(2)
    for (const [option, url] of [
      ['--store', 'pigeon:'],
      ['--bus', 'memory:?drop=0.2'],
    ] as const) {
      const rejected = await start(option, url).ended
      expect(rejected.error).toMatch(/(pigeon|drop).*\n$/)
      expect(rejected.code).toBe(2)
    }
  })

  it('replays the feed without a page when --headless is given', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reference-'))
    try {
      const file = join(folder, 'feed.jsonl')
      await writeFile(file, '{"t":"2024-01-01T00:00:00Z","key":"a","value":{"n":1}}\n')
      const { ended, output } = start('--headless', '--file', file)
      expect(await ended).toEqual({ code: 0, error: '' })
      expect(output()).toMatch(/^consistent: 1 documents? × 3 replicas$/m)
      const missing = await start('--headless', '--file', join(folder, 'none')).ended
      expect(missing.code).toBe(1)
      // with --headless, `memory:` is the packages' own, which supports faults
      const invalid = await start('--headless', '--file', file, '--bus', 'memory:?shake=1').ended
      expect(invalid).toMatchObject({ code: 2, error: expect.stringContaining('drop, repeat, reorder, delay') })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
