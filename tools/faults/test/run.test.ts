import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { canTest } from '@sync/brokers'
import { describe, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../src/main.ts')

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `pnpm faults` with arguments, to its end. */
async function faults(...args: readonly string[]): Promise<Ended> {
  const run = promisify(execFile)(process.execPath, ['--conditions=@sync/source', main, ...args])
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  )
}

test.each([
  [['--bus', 'carrier-pigeon'], '--bus: pubsub, streams, nats, jetstream, kafka or memory, not "carrier-pigeon"'],
  [['--store', 'memory', '--bus', 'kafka'], 'memory goes with memory alone'],
  [['--minutes', 'many'], '--minutes: a number is needed, not "many"'],
])('a command line that cannot be understood is refused: %s', async (args, message) => {
  const { code, stderr } = await faults(...args)
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})

describe.runIf(await canTest('faults in Redis and between the processes', { broker: 'redis', hooks: true }))(
  'over Redis Pub/Sub',
  { timeout: 120_000 },
  () => {
    test('nothing that was acknowledged is lost, whatever fails', async () => {
      const { code, stdout } = await faults('--minutes', '0.2', '--seed', '1')
      expect(stdout).toMatch(/^kept: acknowledged writes lost 0; replicas equal the store$/m)
      expect(stdout).toMatch(/^writes: [1-9]\d\d+ acknowledged/m)
      expect(stdout).toMatch(/^ {2}all +[1-9]/m)
      expect(code).toBe(0)
    })
  },
)
