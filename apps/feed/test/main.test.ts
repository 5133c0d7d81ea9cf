import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Ended, startFeed } from './run-feed.ts'

/** Runs the command to its end. `onOutput` is called after the first output, and can send a signal. */
async function feed(
  args: readonly string[],
  onOutput?: (kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const running = startFeed(args)
  if (onOutput) {
    await vi.waitUntil(() => running.out !== '', { timeout: 30_000, interval: 5 })
    onOutput(running.kill)
  }
  return running.ended
}

/** Returns a feed of outages that appear, change a field or two and disappear; some appear again. */
function smallFeed(): string {
  const lines: string[] = []
  for (let i = 0; i < 1_500; i++) {
    const gone = i % 7 === 6
    const value = gone ? null : { id: i % 50, customers: i % 13, status: `crew ${i % 3}`, cause: null, at: [1, i % 2] }
    lines.push(JSON.stringify({ t: new Date(1_707_000_000_000 + i * 1_000).toISOString(), key: `${i % 50}`, value }))
  }
  return `${lines.join('\n')}\n`
}

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feed-'))
  file = join(folder, 'small.jsonl.gz')
  await writeFile(file, gzipSync(smallFeed()))
})
afterAll(() => rm(folder, { recursive: true }))

describe('pnpm feed', { timeout: 60_000 }, () => {
  it('ends consistent', async () => {
    const { code, out, error } = await feed(['--file', file, '--rate', 'max'])
    expect(error).toBe('')
    expect(out).toMatch(/^consistent: \d+ documents × 3 replicas$/m)
    expect(code).toBe(0)
  })

  it('ends consistent and prints the repaired gaps when the bus loses, repeats and reorders messages', async () => {
    const bus = 'memory:?drop=0.2&repeat=0.1&reorder=0.1'
    const { code, out, error } = await feed(['--file', file, '--bus', bus, '--replicas', '2', '--rate', '1500'])
    expect(error).toBe('')
    expect(out).toMatch(/^gaps +[1-9][\d,]* detected, [1-9][\d,]* repairs/m)
    expect(out).toMatch(/^consistent: \d+ documents × 2 replicas$/m)
    expect(code).toBe(0)
  })

  it('prints the invalid line of a broken file, and writes nothing', async () => {
    const broken = join(folder, 'broken.jsonl')
    await writeFile(broken, smallFeed().replace('"key":"41"', '"key":41'))
    const { code, out, error } = await feed(['--file', broken])
    expect(error).toBe(`${broken}:42: "key": expected a non-empty string\n`)
    expect(out).toBe('')
    expect(code).toBe(1)
  })

  it('prints the problem in one line when the command line is invalid', async () => {
    const { code, error } = await feed(['--rate', 'fast'])
    expect(error).toMatch(/^--rate: expected writes per second or 'max', got 'fast'. See --help\n$/)
    expect(code).toBe(2)
  })

  it('prints the problem when a URL has an unknown scheme', async () => {
    const { code, out, error } = await feed(['--file', file, '--bus', 'pigeon://roof'])
    expect(error).toMatch(/pigeon.*\n$/)
    expect(out).toBe('')
    expect(code).toBe(2)
  })

  it('stops cleanly on Ctrl-C', async () => {
    const { code, out, error } = await feed(['--file', file, '--rate', '20'], (kill) => kill('SIGINT'))
    expect(error).toBe('')
    expect(out).toMatch(/^stopped before the comparison$/m)
    expect(code).toBe(130)
  })
})
