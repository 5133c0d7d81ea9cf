import { basename, join, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { targetFiles, targetsIn } from './all-targets.ts'
import { fuzz } from './fuzz.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'

const seed = Number(process.env['SYNC_SEED'] ?? 1)
const files = await Promise.all(targetFiles().map(async (file) => [file, await targetsIn(file)] as const))
const all = files.flatMap(([, targets]) => Object.entries(targets))

describe('targetFiles', () => {
  it('finds targets in every package that parses names or URLs', () => {
    const packages = files.map(([file]) => basename(file.split(`${sep}test${sep}`)[0] ?? ''))
    expect(packages).toEqual(['config', 'core', 'kafka', 'nats', 'redis'])
  })
})

describe('fuzz targets', () => {
  it.each(all)(
    'accept an input or reject it with a SyncError: %s',
    (_, target) => {
      expect(fuzz(target, 3_000, seed).accepted).toBeGreaterThan(0)
    },
    60_000,
  )
})

const planted = (name: string, time = 2_000): Promise<unknown> =>
  fuzzInWorker(
    { file: join(import.meta.dirname, 'planted-targets.ts'), name, inputs: 100_000, seed },
    { memory: 32, time },
  )

describe('fuzzInWorker', () => {
  it.each([
    ['throws another error', /seed \d+: TypeError: boom/],
    ['never finishes', /seed \d+: not finished after 2000 ms/],
    ['leaks its inputs', /at seed \d+: .*memory/],
    ['changes a shared prototype', /seed \d+: the target changed a built-in prototype/],
  ])(
    'rejects with the seed when a target %s',
    async (name, message) => {
      await expect(planted(name)).rejects.toThrow(message)
    },
    60_000,
  )

  it('resolves for a correct target', async () => {
    expect(await planted('accepts some and rejects some', 20_000)).toEqual({
      accepted: expect.any(Number),
      rejected: expect.any(Number),
    })
  }, 60_000)
})
