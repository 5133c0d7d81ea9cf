import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describeBusConformance, memoryBusHarness, type Runner, type TestHandle } from '@sync/conformance'
import { describe, expect, test } from 'vitest'

/** Defines the tests with a custom runner, runs them, and returns the outcome of each. */
async function run(createHarness: typeof memoryBusHarness): Promise<Map<string, string>> {
  const tests: [string, (handle: TestHandle) => Promise<void>][] = []
  const runner: Runner = {
    describe: (_, define) => define(),
    it: (name, body) => tests.push([name, body]),
  }
  describeBusConformance({ name: 'x', createHarness, runner, deadline: 20_000, stateTimeout: 500 })
  const outcomes = new Map<string, string>()
  for (const [name, body] of tests) {
    let outcome = 'passed'
    const skip = (reason = ''): void => {
      outcome = `skipped: ${reason}`
    }
    await body({ skip }).catch((error: Error) => {
      outcome = error.message
    })
    outcomes.set(name, outcome)
  }
  return outcomes
}

describe('describeBusConformance(options)', () => {
  test('works with any runner, and skips a test with a reason', async () => {
    const outcomes = await run(memoryBusHarness)
    const skipped = [...outcomes.values()].filter((each) => each.startsWith('skipped: '))
    expect(skipped.length).toBeGreaterThan(0)
    expect(skipped.every((each) => each.length > 'skipped: '.length)).toBe(true)
    expect([...outcomes.values()].filter((each) => each !== 'passed')).toEqual(skipped)
  }, 60_000)

  test('fails every rule when the harness cannot be created', async () => {
    const outcomes = await run(() => Promise.reject(new Error('connect ECONNREFUSED')))
    expect(outcomes.get('executes at least one rule')).toBe('passed')
    const [first] = outcomes.values()
    expect(first).toContain('cannot create the harness: unexpected Error: connect ECONNREFUSED')
    expect([...outcomes.values()].filter((each) => each === 'passed')).toHaveLength(1)
  })

  test('passes a good bus and fails a bad one in node:test', () => {
    const program = join(import.meta.dirname, 'programs/node-runner.ts')
    const { stdout } = spawnSync(process.execPath, ['--conditions=@sync/source', '--test-reporter=tap', program], {
      encoding: 'utf8',
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    })
    const [good = '', bad = ''] = stdout.split('# Subtest: conformance of a bad bus')
    expect(good).toContain('ok 1 - conformance of a good bus')
    expect(good).not.toContain('not ok')
    expect(good).toMatch(/# SKIP replay 'none' does not support offsets/)
    expect(bad).toMatch(/not ok \d+ - BUS-DEL-05/)
    expect(bad).toContain('publish while the broker is unavailable: expected a rejection, got nothing')
    expect(bad).toMatch(/\n {4}ok \d+ - BUS-ORD-01/)
  }, 60_000)
})
