import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canTest } from '@sync/brokers'
import { UsageError } from '@sync/command-line'
import { describe, expect, it } from 'vitest'
import { parseOptions } from '../src/options.ts'

interface ProgramResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program of this package until it exits. */
async function program(file: string, args: readonly string[]): Promise<ProgramResult> {
  const path = join(import.meta.dirname, '../src', file)
  const run = promisify(execFile)(process.execPath, ['--conditions=@sync/source', path, ...args])
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: ProgramResult) => error,
  )
}

describe('parseOptions', () => {
  it.each([
    ['--bus carrier-pigeon', '--bus: expected pubsub, streams, nats, jetstream, kafka or memory, got "carrier-pigeon"'],
    ['--store postgres', '--store: expected redis or memory, got "postgres"'],
    ['--store memory --bus kafka', 'expected both or neither, got memory and kafka'],
    ['--bus memory', 'expected both or neither, got redis and memory'],
    ['--minutes many', '--minutes: expected a number, got "many"'],
    ['--writers 0', '--writers: expected an integer from 1 to 99, got "0"'],
    ['--sideways', 'unknown option --sideways. See --help'],
  ])('throws a UsageError for %s', (line, message) => {
    expect(() => parseOptions('faults', line.split(' '))).toThrow(message)
    expect(() => parseOptions('faults', line.split(' '))).toThrow(UsageError)
  })

  it('rejects a soak that is shorter than its warm-up or has faults', () => {
    expect(() => parseOptions('soak', ['--minutes', '1.5'])).toThrow('expected at least 2')
    expect(() => parseOptions('soak', ['--lose-tail'])).toThrow('not available in a soak')
  })

  it('applies defaults, and implies the memory bus with the memory store', () => {
    expect(parseOptions('faults', [])).toMatchObject({ store: 'redis', bus: 'pubsub', seed: 1, loseTail: false })
    expect(parseOptions('soak', ['--', '--store', 'memory'])).toMatchObject({ store: 'memory', bus: 'memory' })
  })
})

describe('pnpm faults', () => {
  it('exits with 2 and prints the problem when the command line is invalid', async () => {
    const { code, stderr } = await program('main.ts', ['--bus', 'carrier-pigeon'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^--bus: expected .*, got "carrier-pigeon"\n$/)
  })

  it('finds no unreported loss in one process', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await program('main.ts', ['--store', 'memory', '--minutes', '0.08', '--lose-tail'])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^PASSED: 0 acknowledged writes lost.*; replicas equal the store$/m)
    expect(code).toBe(0)
  })
})

describe.runIf(await canTest('faults in Redis and between the processes', { broker: 'redis', controllable: true }))(
  'pnpm faults over Redis Pub/Sub',
  { timeout: 300_000 },
  () => {
    it('finds no lost write', async () => {
      const { code, stdout } = await program('main.ts', ['--minutes', '0.2', '--seed', '1'])
      expect(stdout).toMatch(/^PASSED: 0 acknowledged writes lost; replicas equal the store$/m)
      expect(stdout).toMatch(/^writes: [1-9]\d\d+ acknowledged/m)
      expect(stdout).toMatch(/^ {2}all +[1-9]/m)
      expect(code).toBe(0)
    })
  },
)
