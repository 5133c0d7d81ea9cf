import { basename, join, sep } from 'node:path'
import { expect, test } from 'vitest'
import { targetFiles, targetsIn } from './all-targets.ts'
import { fuzz } from './fuzz.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'

const seed = Number(process.env['SYNC_SEED'] ?? 1)
const files = await Promise.all(targetFiles().map(async (file) => [file, await targetsIn(file)] as const))
const all = files.flatMap(([, targets]) => Object.entries(targets))

test('every package with names and URLs of its own has targets', () => {
  const packages = files.map(([file]) => basename(file.split(`${sep}test${sep}`)[0] ?? ''))
  expect(packages).toEqual(['config', 'core', 'kafka', 'nats', 'redis'])
})

test.each(all)(
  'whatever it is given it takes or refuses with an error of ours: %s',
  (_, target) => {
    expect(fuzz(target, 3_000, seed).accepted).toBeGreaterThan(0)
  },
  60_000,
)

const planted = (name: string, time = 2_000): Promise<unknown> =>
  fuzzInWorker(
    { file: join(import.meta.dirname, 'planted-targets.ts'), name, inputs: 100_000, seed },
    { memory: 32, time },
  )

test.each([
  ['throws what is none of ours', /seed \d+: TypeError: boom/],
  ['comes to no end', /seed \d+: no end within 2000 ms/],
  ['keeps what it is given', /at seed \d+: .*memory/],
  ['changes what all share', /seed \d+: a prototype that all share was changed/],
])(
  'a target is found that %s',
  async (name, said) => {
    await expect(planted(name)).rejects.toThrow(said)
  },
  60_000,
)

test('a target that does as it should is let be', async () => {
  expect(await planted('takes some and refuses some', 20_000)).toEqual({
    accepted: expect.any(Number),
    rejected: expect.any(Number),
  })
}, 60_000)
