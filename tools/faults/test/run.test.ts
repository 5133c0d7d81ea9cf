import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canTest } from '@sync/brokers'
import { describe, expect, test } from 'vitest'
import { parseOptions, UsageError } from '../src/options.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of this package with arguments, to its end. */
async function program(file: string, args: readonly string[]): Promise<Ended> {
  const path = join(import.meta.dirname, '../src', file)
  const run = promisify(execFile)(process.execPath, ['--conditions=@sync/source', path, ...args])
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  )
}

test.each([
  ['--bus carrier-pigeon', '--bus: pubsub, streams, nats, jetstream, kafka or memory, not "carrier-pigeon"'],
  ['--store postgres', '--store: redis or memory, not "postgres"'],
  ['--store memory --bus kafka', 'memory goes with memory alone'],
  ['--bus memory', 'memory goes with memory alone'],
  ['--minutes many', '--minutes: a number is needed, not "many"'],
  ['--writers 0', '--writers: a number is needed, not "0"'],
  ['--sideways', "Unknown option '--sideways'"],
])('options that cannot be understood are refused: %s', (line, message) => {
  expect(() => parseOptions('faults', line.split(' '))).toThrow(message)
  expect(() => parseOptions('faults', line.split(' '))).toThrow(UsageError)
})

test('a soak is no shorter than its warm-up, and nothing fails in it', () => {
  expect(() => parseOptions('soak', ['--minutes', '1.5'])).toThrow('2 at least')
  expect(() => parseOptions('soak', ['--lose-tail'])).toThrow('nothing fails in a soak')
})

test('what is left out has defaults, and memory stands for both', () => {
  expect(parseOptions('faults', [])).toMatchObject({ store: 'redis', bus: 'pubsub', seed: 1, loseTail: false })
  expect(parseOptions('soak', ['--', '--store', 'memory'])).toMatchObject({ store: 'memory', bus: 'memory' })
})

test('a command line that is wrong ends with 2 and says how it is used', async () => {
  const { code, stderr } = await program('main.ts', ['--bus', 'carrier-pigeon'])
  expect(code).toBe(2)
  expect(stderr).toContain('Usage: pnpm faults')
})

test('in one process nothing that was acknowledged is lost without being told', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await program('main.ts', ['--store', 'memory', '--minutes', '0.08', '--lose-tail'])
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^kept: acknowledged writes lost 0.*; replicas equal the store$/m)
  expect(code).toBe(0)
})

describe.runIf(await canTest('faults in Redis and between the processes', { broker: 'redis', controllable: true }))(
  'over Redis Pub/Sub',
  { timeout: 300_000 },
  () => {
    test('nothing that was acknowledged is lost, whatever fails', async () => {
      const { code, stdout } = await program('main.ts', ['--minutes', '0.2', '--seed', '1'])
      expect(stdout).toMatch(/^kept: acknowledged writes lost 0; replicas equal the store$/m)
      expect(stdout).toMatch(/^writes: [1-9]\d\d+ acknowledged/m)
      expect(stdout).toMatch(/^ {2}all +[1-9]/m)
      expect(code).toBe(0)
    })
  },
)
